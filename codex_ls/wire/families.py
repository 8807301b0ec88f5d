"""How the families of models mark thinking, answer and tool calls: one table, `FAMILIES`.

A server's parser usually takes these markers away. Where it has none for a model, or the wrong one,
they stand in the answer's text, and `reasoning_tags` and `text_calls` read them from there. A row is
data; docs/models.md is the same table for people, and a test holds the two together.

Sources: the reasoning and tool parsers of vLLM and SGLang, llama.cpp (common/chat.cpp,
common/chat-parser.cpp, models/templates), Ollama (model/parsers), and the chat templates that the
models' publishers ship, read in November 2026.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from codex_ls.wire.markers import AnswerPair, Body, CallForm, Markers, TagPair

# ---- thinking ----------------------------------------------------------------------------------

THINK = TagPair(("<think>",), ("</think>",))
_THINKING = TagPair(("<thinking>",), ("</thinking>",), stray=False)
_THOUGHT = TagPair(("<thought>",), ("</thought>",), stray=False)
_REASONING = TagPair(("<reasoning>",), ("</reasoning>",), stray=False)
_MISTRAL = TagPair(("[THINK]",), ("[/THINK]",))
_GEMMA = TagPair(("<|channel>",), ("<channel|>",), label="thought\n")
_GRANITE = TagPair(
    ("Here is my thought process:", "Here's my thought process:", "Here’s my thought process:"),
    ("Here is my response:", "Here's my response:", "Here’s my response:"),
    stray=False,
    model="granite",
)
_APRIEL = TagPair(("Here are my reasoning steps:",), ("[BEGIN FINAL RESPONSE]",), model="apriel")
_COHERE = TagPair(("<|START_THINKING|>",), ("<|END_THINKING|>",))
_KIMI_3 = TagPair(("<|open|>think<|sep|>",), ("<|close|>think<|sep|>",))
_INKLING = TagPair(("<|content_thinking|>",), ("<|end_message|>",), stray=False)
_MUSE = TagPair(("to=self<|message|>",), ("<|eom|>",), stray=False, model="muse|glimmer")
_HYPERCLOVA = TagPair(("/think\n",), ("<|im_end|>\n<|im_start|>assistant\n",), model="hyperclova")

# ---- tool calls: what stands behind an opener --------------------------------------------------


def _begins(*literals: str) -> tuple[str, str]:
    """Patterns of `Body` for calls that begin with one of these."""
    head = "|".join(re.escape(literal) for literal in literals)
    begun = "|".join(_beginning_of(literal) for literal in literals)
    return rf"\s*(?:{head})", rf"\s*(?:{begun})"


def _beginning_of(literal: str) -> str:
    nested = ""
    for char in reversed(literal):
        nested = f"(?:{re.escape(char)}{nested})?"
    return nested


_NAME = r"[\w.:/-]{1,128}"
_NAME_BEGUN = r"[\w.:/-]{0,128}"

_JSON = Body(
    r'\s*(?:```(?:json)?\s*)?(?P<value>(?:\[\s*)?\{)\s*"',
    r"\s*(?:`{1,3}[json]{0,4}\s*)?(?:\[\s*)?(?:\{\s*)?",
    more=("{",),
)
_FUNCTION = Body(
    *_begins("<function=", '<function name="'), ends=("</function>",), more=("<function",)
)
_INVOKE = Body(*_begins('<invoke name="'), ends=("</invoke>",), more=("<invoke",))
_PYTHON = Body(r"\s*(?P<value>\[\s*[\w.]{1,128}\()", r"\s*(?:\[\s*[\w.]{0,128})?")
_PYTHON_LINES = Body(r"\s*[\w.]{1,128}(?P<value>\()", r"\s*[\w.]{0,128}")
_NAMED_ARGUMENTS = Body(
    (
        rf"\s*{_NAME}\s*<(?:(?:longcat_)?arg_key|tool_sep)(?::\w+)?>"
        rf"|[\r\n]*{_NAME}[\r\n]*</\w*tool_call(?::\w+)?>"
    ),
    rf"\s*{_NAME_BEGUN}\s*(?:</?[\w:]*)?",
    ends=("</arg_value>", "</arg_value:opensource>", "</longcat_arg_value>"),
    more=("<arg_key", "<longcat_arg_key", "</tool_call", "<tool_call"),
)
_CALLS_INSIDE = Body(
    *_begins("<tool_call>", "<tool_call:opensource>"),
    ends=("</tool_call>", "</tool_call:opensource>"),
    more=("<tool_call",),
)

_HERMES = CallForm(
    ("<tool_call>",),
    (_JSON, _FUNCTION, _NAMED_ARGUMENTS, _INVOKE),
    ("</tool_call>",),
    in_thinking=r"qwen-?3[._-]?[5-9]|glm-?[45]|nemotron-?(?:nano-)?3|mimo",
)
_BARE_FUNCTION = CallForm(
    ("<function=",),
    (Body(rf"{_NAME}>", _NAME_BEGUN, ("</function>",), ("<function=",)),),
    ("</tool_call>",),  # Qwen3-Coder leaves out the opener of the section, not its closer
)
_BARE_FUNCTION_NAME = CallForm(
    ("<function name=",),
    (
        Body(
            rf'"{_NAME}"',
            rf'(?:"{_NAME_BEGUN})?',
            ("</function>",),
            ("<function name=",),
        ),
    ),
)
_BARE_INVOKE = CallForm(
    ("<invoke name=",),
    (
        Body(
            rf'"{_NAME}"',
            rf'(?:"{_NAME_BEGUN})?',
            ("</invoke>",),
            ("<invoke name=",),
        ),
    ),
)
_TOOL_CALLS = CallForm(
    ("<tool_calls>",),
    (_JSON, _CALLS_INSIDE),
    ("</tool_calls>",),
    in_thinking=r"hunyuan|\bhy-?\d",
)
_HY_3 = CallForm(("<tool_calls:opensource>",), (_CALLS_INSIDE,), ("</tool_calls:opensource>",))
_FUNCTION_CALL = CallForm(("<function_call>",), (_JSON,), ("</function_call>",))
_FUNCTION_CALLS = CallForm(
    ("<function_calls>",), (_INVOKE, _JSON, _PYTHON, _PYTHON_LINES), ("</function_calls>",)
)
_PIPED = CallForm(("<|tool_call|>",), (_JSON,), ("<|/tool_call|>", "</|tool_call|>"))
_TOOLCALL = CallForm(("<TOOLCALL>",), (_JSON,), ("</TOOLCALL>",))
_MISTRAL_CALLS = CallForm(
    ("[TOOL_CALLS]",),
    (
        _JSON,
        Body(
            rf"\s*{_NAME}\s*(?:\[CALL_ID\]\s*\w+\s*)?(?:\[ARGS\]\s*)?(?P<value>\{{)",
            rf"\s*{_NAME_BEGUN}\s*(?:\[[A-Z_]{{0,7}}\]?\s*\w*\s*){{0,2}}",
        ),
    ),
)
_PYTHON_TAG = CallForm(
    ("<|python_tag|>",),
    (_JSON, Body(r"[A-Za-z_#]", "")),
    ("<|eom_id|>", "<|eot_id|>"),
)
_PYTHON_START = CallForm(("<|python_start|>",), (_PYTHON, _JSON), ("<|python_end|>",))
_LFM = CallForm(("<|tool_call_start|>",), (_PYTHON, _JSON), ("<|tool_call_end|>",))
_ACTION = CallForm(("<|START_ACTION|>",), (_JSON,), ("<|END_ACTION|>",))
_PLUGIN = CallForm(
    ("<|action_start|>",), (Body(*_begins("<|plugin|>", "<|interpreter|>")),), ("<|action_end|>",)
)
_APERTUS_CALLS = CallForm(("<|tools_prefix|>",), (_JSON,), ("<|tools_suffix|>",))
_GEMMA_CALLS = CallForm(("<|tool_call>",), (Body(*_begins("call:")),), ("<tool_call|>",))
_FUNCTION_GEMMA = CallForm(
    ("<start_function_call>",), (Body(*_begins("call:")),), ("<end_function_call>",)
)
_FUNCTOOLS = CallForm(
    ("functools",),
    (Body(r"(?P<value>\[)\s*\{", r"(?:\[\s*)?"),),
    model="phi|fire-?function",
)
_SEED_CALLS = CallForm(("<seed:tool_call>",), (_FUNCTION, _JSON), ("</seed:tool_call>",))
_MINIMAX_CALLS = CallForm(("<minimax:tool_call>",), (_INVOKE, _JSON), ("</minimax:tool_call>",))
_NAMESPACE = "]<]minimax[>["
_MINIMAX_3_CALLS = CallForm(
    (f"{_NAMESPACE}<tool_call>",),
    (
        Body(
            *_begins(f'{_NAMESPACE}<invoke name="', '<invoke name="'),
            ends=(f"{_NAMESPACE}</invoke>",),
            more=(f"{_NAMESPACE}<invoke",),
        ),
    ),
    (f"{_NAMESPACE}</tool_call>",),
)
_LONGCAT_CALLS = CallForm(
    ("<longcat_tool_call>",), (_JSON, _NAMED_ARGUMENTS), ("</longcat_tool_call>",)
)
_SOLAR_CALLS = CallForm(
    ("<|tool_call:start|>",),
    (Body(rf"{_NAME}\s*\n", rf"{_NAME_BEGUN}\s*"),),
    ("<|tool_call:end|>",),
    in_thinking="solar",
)
_PLAMO_CALLS = CallForm(
    ("<|plamo:begin_tool_requests:plamo|>",),
    (Body(*_begins("<|plamo:begin_tool_request:plamo|>")),),
    ("<|plamo:end_tool_requests:plamo|>",),
)
_KIMI_2_CALLS = CallForm(
    ("<|tool_calls_section_begin|>",),
    (
        Body(
            *_begins("<|tool_call_begin|>"),
            ends=("<|tool_call_end|>",),
            more=("<|tool_call_begin|>",),
        ),
    ),
    ("<|tool_calls_section_end|>", "<|tool_call_section_end|>"),
    in_thinking="kimi",
)
_KIMI_2_CALL = CallForm(
    ("<|tool_call_begin|>",),
    (
        Body(
            rf"\s*{_NAME}\s*<\|tool_call_argument_begin\|>",
            rf"\s*{_NAME_BEGUN}\s*(?:<[|\w]*)?",
        ),
    ),
    ("<|tool_call_end|>",),
    in_thinking="kimi",
)
_KIMI_3_CALLS = CallForm(
    ("<|open|>tools<|sep|>",),
    (Body(*_begins("<|open|>call"), ends=("<|close|>call<|sep|>",), more=("<|open|>call",)),),
    ("<|close|>tools<|sep|>",),
    in_thinking="kimi",
)
_DEEPSEEK_SECTION = tuple(
    f"<｜{words}｜>"
    for words in (
        "tool▁calls▁begin",
        "tool_calls_begin",
        "tool calls begin",
        "tool\\_calls\\_begin",
        "tool▁calls",
    )
)
_DEEPSEEK_CALLS = CallForm(
    _DEEPSEEK_SECTION,
    (
        Body(
            rf"\s*(?:<｜tool[▁_ ]call[▁_ ]begin｜>)?\s*{_NAME}\s*<｜tool[▁_ ]sep｜>",
            rf"\s*(?:<[｜\w▁ ]*>?)?\s*{_NAME_BEGUN}\s*(?:<[｜\w▁ ]*)?",
            ends=("<｜tool▁call▁end｜>", "<｜tool_call_end｜>"),
            more=("<｜tool▁call▁begin｜>", "<｜tool_call_begin｜>"),
        ),
    ),
    ("<｜tool▁calls▁end｜>", "<｜tool_calls_end｜>"),
    in_thinking="deepseek",
)


def _dsml(bar: str) -> tuple[CallForm, ...]:
    """DeepSeek's markup since V3.2, with the bar that a tokenizer or a gateway made of U+FF5C."""
    tag = f"{bar}DSML{bar}"
    end, more = f"</{tag}invoke>", f"<{tag}invoke"
    sections = ("tool_calls", "function_calls")
    return (
        CallForm(
            tuple(f"<{tag}{name}>" for name in sections),
            (Body(*_begins(f'<{tag}invoke name="'), ends=(end,), more=(more,)),),
            tuple(f"</{tag}{name}>" for name in sections),
            in_thinking="deepseek",
        ),
        CallForm(
            (f"<{tag}invoke name=",),
            (Body(rf'"{_NAME}"', rf'(?:"{_NAME_BEGUN})?', (end,), (more,)),),
        ),
    )


_DSML = tuple(form for bar in ("｜", "|", "‖", "｜｜", "||") for form in _dsml(bar))
_GIGACHAT_CALLS = CallForm(
    ("function call<|role_sep|>", "<|function_call|>"), (_JSON,), model="gigachat"
)
_INKLING_CALLS = CallForm(("<|content_invoke_tool_json|>",), (_JSON,), ("<|end_message|>",))
_MUSE_CALLS = CallForm(
    ("<atem:function_calls>",),
    (Body(*_begins('<atem:invoke name="'), ends=("</atem:invoke>",), more=("<atem:invoke",)),),
    ("</atem:function_calls>",),
)
_MCP = CallForm(("<use_mcp_tool>",), (Body(*_begins("<server_name>")),), ("</use_mcp_tool>",))
_XAI = CallForm(
    ("<xai:function_call name=",),
    (Body(rf'"{_NAME}"', rf'(?:"{_NAME_BEGUN})?'),),
    ("</xai:function_call>",),
)
_PANGU_CALLS = CallForm(("[unused11]",), (_JSON,), ("[unused12]",), model="pangu")
_IFM_CALLS = CallForm(("<ifm|tool_calls>",), (Body(*_begins("<ifm|")),), ("</ifm|tool_calls>",))
_HARMONY_CALLS = CallForm(
    (
        *(f"{who}{where} to=" for who in ("", "assistant") for where in ("commentary", "analysis")),
        "assistant to=functions.",
        "to=functions.",
    ),
    (
        Body(
            rf"\s*{_NAME}[^{{\[\n]{{0,40}}(?P<value>[{{\[])",
            rf"\s*{_NAME_BEGUN}[^{{\[\n]{{0,40}}",
        ),
    ),
    model=r"gpt-?oss",
)

# ---- the table ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Family:
    """One row: a family of models, and the markers that its models write.

    `source` names where the markers were read; `fixture` is the family's folder under
    tests/fixtures/streams.
    """

    name: str
    source: str
    fixture: str
    thinking: tuple[TagPair, ...] = ()
    answer: tuple[AnswerPair, ...] = ()
    calls: tuple[CallForm, ...] = ()
    frame: tuple[str, ...] = ()
    """Markers of whole messages: dropped before, between and behind thinking and answer."""
    ends: tuple[str, ...] = ()
    """Tokens that end a turn, which some servers leave in: dropped as the last word of a message."""


_BOX = AnswerPair("<|begin_of_box|>", ("<|end_of_box|>",), anywhere=r"glm")
_ANSWER = AnswerPair(
    "<answer>", ("</answer>",), model=r"hunyuan|\bhy-?\d|glm-?4\.?1v|r1-?zero|open-?r1"
)
_RESPONSE = AnswerPair("<response>", ("</response>",), model=r"ernie|granite")

FAMILIES: tuple[Family, ...] = (
    Family(
        "Apertus",
        "vLLM apertus, SGLang apertus2509, llama.cpp",
        "families/apertus",
        (TagPair(("<|inner_prefix|>",), ("<|inner_suffix|>",)),),
        calls=(_APERTUS_CALLS,),
    ),
    Family(
        "Apriel (ServiceNow)",
        "the models' templates; llama.cpp Apriel 1.5 and 1.6",
        "families/apriel",
        (_APRIEL, _THINKING),
        (AnswerPair("[BEGIN FINAL RESPONSE]", ("[END FINAL RESPONSE]",), model="apriel"),),
        (_TOOL_CALLS,),
        ends=("<|end|>",),
    ),
    Family(
        "Cohere Command A and R",
        "vLLM cohere_command3 and 4, SGLang cohere_command4, llama.cpp, Cohere's melody",
        "families/cohere",
        (_COHERE,),
        (
            AnswerPair("<|START_RESPONSE|>", ("<|END_RESPONSE|>",)),
            AnswerPair("<|START_TEXT|>", ("<|END_TEXT|>",)),
        ),
        (_ACTION,),
        ends=("<|END_OF_TURN_TOKEN|>",),
    ),
    Family(
        "DeepSeek R1, V3, V3.1",
        "vLLM deepseek_r1, deepseek_v3, deepseek_v31; llama.cpp",
        "families/deepseek",
        (THINK,),
        calls=(_DEEPSEEK_CALLS,),
        ends=("<｜end▁of▁sentence｜>",),
    ),
    Family(
        "DeepSeek V3.2, V4",
        "vLLM deepseek_v32 and deepseek_v4; sgl-project/sglang#40236",
        "families/deepseek-dsml",
        (THINK,),
        calls=_DSML,
    ),
    Family(
        "ERNIE 4.5",
        "vLLM ernie45",
        "families/ernie",
        (THINK,),
        (_RESPONSE,),
        (_HERMES,),
    ),
    Family(
        "EXAONE (LG)",
        "vLLM exaone4; the template of EXAONE Deep",
        "families/exaone",
        (THINK, _THOUGHT),
        calls=(_HERMES,),
        ends=("[|endofturn|]",),
    ),
    Family(
        "Functionary 3.1, MiniCPM 5",
        "llama.cpp functionary_v3_1, SGLang minicpm5",
        "families/functionary",
        (THINK,),
        calls=(_BARE_FUNCTION, _BARE_FUNCTION_NAME),
    ),
    Family(
        "Gemini through its OpenAI endpoint",
        "ai.google.dev/gemini-api/docs/openai",
        "tags/pair-thought",
        (_THOUGHT,),
    ),
    Family(
        "Gemma 4",
        "vLLM gemma4, SGLang gemma4, llama.cpp gemma4.jinja; Blaizzy/mlx-vlm#899",
        "families/gemma",
        (_GEMMA,),
        calls=(_GEMMA_CALLS,),
        frame=("<|tool_response>",),
        ends=("<turn|>", "<end_of_turn>", "<|tool_response>"),
    ),
    Family(
        "FunctionGemma",
        "vLLM functiongemma",
        "families/functiongemma",
        calls=(_FUNCTION_GEMMA,),
    ),
    Family(
        "GigaChat 3",
        "vLLM gigachat3, llama.cpp GigaChat3",
        "families/gigachat",
        (THINK,),
        calls=(_GIGACHAT_CALLS,),
    ),
    Family(
        "GLM 4.5 and later, GLM-4.xV, GLM-Z1",
        "vLLM glm45 and glm47, SGLang glm45, llama.cpp; Blaizzy/mlx-vlm#2170",
        "families/glm",
        (THINK,),
        (_BOX, _ANSWER),
        (_HERMES,),
        ends=("<|user|>", "<|observation|>", "<|endoftext|>"),
    ),
    Family(
        "gpt-oss with its markers stripped",
        "OpenAI's harmony guide; raullenchai/Rapid-MLX#480",
        "families/gpt-oss-stripped",
        (_REASONING,),
        calls=(_HARMONY_CALLS,),
    ),
    Family(
        "Granite 3 and 4",
        "vLLM granite, granite4 and granite-20b-fc, llama.cpp",
        "families/granite",
        (_GRANITE, THINK),
        (_RESPONSE,),
        (_PIPED, _HERMES, _FUNCTION_CALL),
        ends=("<|end_of_text|>",),
    ),
    Family(
        "Hunyuan A13B, Hy3",
        "vLLM hunyuan_a13b and hy_v3, SGLang hunyuan",
        "families/hunyuan",
        (THINK, TagPair(("<think:opensource>",), ("</think:opensource>",))),
        (_ANSWER,),
        (_TOOL_CALLS, _HY_3),
    ),
    Family(
        "HyperCLOVA X SEED Think",
        "the vLLM plugin of NAVER",
        "families/hyperclova",
        (_HYPERCLOVA, THINK),
    ),
    Family(
        "Inkling",
        "vLLM inkling, SGLang inkling",
        "families/inkling",
        (_INKLING,),
        (AnswerPair("<|content_text|>", ("<|end_message|>",)),),
        (_INKLING_CALLS,),
        frame=("<|message_model|>", "<|content_model_end_sampling|>"),
    ),
    Family(
        "InternLM, Intern-S1",
        "vLLM internlm, SGLang interns1",
        "families/internlm",
        (THINK,),
        calls=(_PLUGIN,),
    ),
    Family("Jamba", "vLLM jamba", "families/jamba", (THINK,), calls=(_TOOL_CALLS,)),
    Family(
        "K2 Horizon",
        "the vLLM parser of its publisher",
        "families/k2-horizon",
        tuple(
            TagPair((f"<ifm|{word}>",), (f"</ifm|{word}>",))
            for word in ("think", "think_fast", "think_faster")
        ),
        calls=(_IFM_CALLS,),
    ),
    Family(
        "Kimi K2",
        "vLLM kimi_k2, SGLang kimi_k2, llama.cpp",
        "families/kimi-k2",
        (THINK,),
        calls=(_KIMI_2_CALLS, _KIMI_2_CALL),
    ),
    Family(
        "Kimi K3",
        "vLLM kimi_k3, SGLang kimi_k3, llama.cpp Kimi-K3.jinja",
        "families/kimi-k3",
        (_KIMI_3,),
        (AnswerPair("<|open|>response<|sep|>", ("<|close|>response<|sep|>",)),),
        (_KIMI_3_CALLS,),
        frame=("<|close|>message<|sep|>", "<|end_of_msg|>"),
        ends=("<|close|>message<|sep|>", "<|end_of_msg|>"),
    ),
    Family(
        "Kimi-VL, Kimi-Dev",
        "SGLang kimi",
        "families/kimi-vl",
        (TagPair(("◁think▷",), ("◁/think▷",)),),
    ),
    Family(
        "LFM2 (Liquid)",
        "vLLM lfm2, SGLang lfm2, llama.cpp",
        "families/lfm",
        (THINK,),
        calls=(_LFM,),
    ),
    Family(
        "Ling, Ring",
        "the models' templates; vLLM ling3",
        "families/ling",
        (THINK,),
        calls=(_HERMES,),
    ),
    Family(
        "LiteLLM's thinking budget",
        "BerriAI/litellm",
        "families/litellm-budget",
        (TagPair(("<budget:thinking>",), ("</budget:thinking>",)),),
    ),
    Family(
        "Llama 3.1 to 4",
        "vLLM llama3_json and llama4_pythonic, llama.cpp",
        "families/llama",
        calls=(_PYTHON_TAG, _PYTHON_START, _BARE_FUNCTION),
        ends=("<|eot_id|>", "<|eom_id|>", "<|eot|>"),
    ),
    Family(
        "LongCat",
        "vLLM longcat",
        "families/longcat",
        (TagPair(("<longcat_think>",), ("</longcat_think>",)),),
        calls=(_LONGCAT_CALLS,),
    ),
    Family(
        "MiMo (Xiaomi)",
        "vLLM mimo, SGLang mimo, llama.cpp",
        "families/mimo",
        (THINK,),
        calls=(_HERMES,),
    ),
    Family(
        "MiniMax M1, M2",
        "vLLM minimax_m2, SGLang minimax-m2, llama.cpp",
        "families/minimax-m2",
        (THINK,),
        calls=(_MINIMAX_CALLS, _TOOL_CALLS, _BARE_INVOKE),
        ends=("[e~[",),
    ),
    Family(
        "MiniMax M3",
        "SGLang minimax-m3, vLLM minimax_m3",
        "families/minimax-m3",
        (TagPair(("<mm:think>",), ("</mm:think>",)),),
        calls=(_MINIMAX_3_CALLS,),
    ),
    Family(
        "MiroThinker",
        "llama.cpp MiroThinker-v1.jinja",
        "families/mirothinker",
        (THINK,),
        calls=(_MCP,),
    ),
    Family(
        "Mistral, Magistral, Ministral",
        "vLLM mistral, SGLang mistral, llama.cpp",
        "families/mistral",
        (_MISTRAL, THINK),
        calls=(_MISTRAL_CALLS,),
    ),
    Family(
        "Muse Glimmer",
        "vLLM muse_glimmer, Ollama glimmer",
        "families/muse",
        (_MUSE,),
        (AnswerPair("to=user<|message|>", ("<|eot|>", "<|eom|>"), model="muse|glimmer"),),
        (_MUSE_CALLS,),
    ),
    Family(
        "Nemotron (NVIDIA)",
        "vLLM nemotron_v3, SGLang nemotron_3, llama.cpp Nemotron-Nano-v2",
        "families/nemotron",
        (THINK,),
        calls=(_TOOLCALL, _HERMES),
    ),
    Family(
        "OLMo 3 (Ai2)",
        "vLLM olmo3, Ollama olmo3",
        "families/olmo",
        (THINK,),
        calls=(_FUNCTION_CALLS,),
    ),
    Family(
        "openPangu",
        "the vLLM plugin of its publisher",
        "families/pangu",
        (
            TagPair(("[unused16]",), ("[unused17]",), model="pangu"),
            THINK,
        ),
        calls=(_PANGU_CALLS,),
    ),
    Family(
        "Phi 4",
        "vLLM phi4_mini_json, llama.cpp Phi-4-mini and FireFunction v2",
        "families/phi",
        (THINK,),
        calls=(_PIPED, _FUNCTOOLS),
    ),
    Family(
        "PLaMo 3",
        "vLLM plamo3",
        "families/plamo",
        (TagPair(("<|plamo:begin_think:plamo|>",), ("<|plamo:end_think:plamo|>",)),),
        calls=(_PLAMO_CALLS,),
    ),
    Family(
        "Qwen 2.5, Qwen 3, QwQ, Hermes",
        "vLLM hermes and qwen3, SGLang qwen25, llama.cpp Hermes 2 Pro",
        "families/qwen",
        (THINK,),
        calls=(_HERMES,),
        ends=("<|im_end|>", "<|endoftext|>"),
    ),
    Family(
        "Qwen3-Coder, Qwen 3.5, Qwen3-Next",
        "vLLM qwen3_coder, SGLang qwen3_coder, llama.cpp, Ollama qwen3coder",
        "families/qwen-coder",
        (THINK,),
        calls=(_HERMES, _BARE_FUNCTION),
    ),
    Family(
        "Seed-OSS (ByteDance)",
        "vLLM seed_oss, llama.cpp ByteDance-Seed-OSS.jinja",
        "families/seed",
        (TagPair(("<seed:think>",), ("</seed:think>",)),),
        calls=(_SEED_CALLS,),
        ends=("<seed:eos>",),
    ),
    Family(
        "Sky-T1, OpenThinker",
        "the models' cards",
        "families/sky",
        (TagPair(("<|begin_of_thought|>",), ("<|end_of_thought|>",)),),
        (AnswerPair("<|begin_of_solution|>", ("<|end_of_solution|>",)),),
    ),
    Family(
        "Solar Open 2 (Upstage)",
        "vLLM solar_open2",
        "families/solar",
        (TagPair(("<|think:start|>",), ("<|think:end|>",)),),
        calls=(_SOLAR_CALLS,),
    ),
    Family(
        "Step 3 and 3.5 (StepFun)",
        "vLLM step3 and step3p5, SGLang step3",
        "families/step",
        (THINK,),
        calls=(_DEEPSEEK_CALLS, _HERMES),
    ),
    Family(
        "Grok, Claude and models trained on their transcripts",
        "the publishers' prompts; common in fine-tunes",
        "families/imitations",
        (_THINKING,),
        calls=(_FUNCTION_CALLS, _BARE_INVOKE, _XAI),
    ),
)

_Marks = TypeVar("_Marks", TagPair, AnswerPair, CallForm)


def _once(marks: Iterable[_Marks]) -> tuple[_Marks, ...]:
    return tuple(dict.fromkeys(marks))


PAIRS = _once(pair for family in FAMILIES for pair in family.thinking)
ANSWERS = _once(pair for family in FAMILIES for pair in family.answer)
CALLS = _once(form for family in FAMILIES for form in family.calls)


def _means(pattern: str, model: str) -> bool:
    return re.search(pattern, model, re.IGNORECASE) is not None


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The markers that count in one model's text, by what they do."""

    openers: Mapping[str, TagPair]
    strays: Mapping[str, TagPair]
    answers: Mapping[str, AnswerPair]
    inline: frozenset[str]
    """Markers of an answer that are dropped wherever they stand."""
    frame: frozenset[str]
    ends: frozenset[str]
    calls: Mapping[str, CallForm]
    in_thinking: tuple[str, ...]
    """Openers of calls that end thinking."""
    lead: Markers
    """What may stand at the beginning of a message, and behind its thinking."""
    content: Markers
    """What may stand in an answer."""


@lru_cache(maxsize=64)
def vocabulary_for(model: str) -> Vocabulary:
    """The markers that count in the text of a model with that name."""
    pairs = [pair for pair in PAIRS if not pair.model or _means(pair.model, model)]
    openers = {opener: pair for pair in pairs for opener in pair.openers}
    strays = {closer: pair for pair in pairs if pair.stray for closer in pair.closers}
    closers = {closer: pair for pair in pairs if pair.model for closer in pair.closers}
    answers = {pair.opener: pair for pair in ANSWERS if not pair.model or _means(pair.model, model)}
    inline = frozenset(
        marker
        for pair in answers.values()
        if pair.anywhere and _means(pair.anywhere, model)
        for marker in (pair.opener, *pair.closers)
    )
    frame = frozenset(marker for family in FAMILIES for marker in family.frame)
    ends = frozenset(marker for family in FAMILIES for marker in family.ends)
    forms = [form for form in CALLS if not form.model or _means(form.model, model)]
    calls = {opener: form for form in forms for opener in form.openers}
    in_thinking = tuple(
        opener
        for form in forms
        if form.in_thinking and _means(form.in_thinking, model)
        for opener in form.openers
    )
    answer_closers = {closer for pair in answers.values() for closer in pair.closers}
    return Vocabulary(
        openers,
        strays | closers,
        answers,
        inline,
        frame,
        ends,
        calls,
        in_thinking,
        Markers(*{*openers, *strays, *closers, *answers, *frame, *calls}),
        Markers(*{*openers, *strays, *calls, *answer_closers, *inline, *ends}),
    )
