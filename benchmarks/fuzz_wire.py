"""Fuzzes the decoders with coverage guidance (atheris), from the replay corpus as seeds.

    pip install atheris
    python benchmarks/fuzz_wire.py [--seconds 60]

One input is a few bytes that choose the wire, the quirks and the cuts, then a stream. It is decoded
whole and cut, must not raise, must end in exactly one `StreamFinished` or `StreamFailed`, and give
the same events both times. An input that breaks a rule is kept as `crash-*` in the working directory.
"""

import argparse
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

WORDS = (
    *("data: ", "event: error", "[DONE]", '{"choices":[{"delta":{', '"content":"', '"reasoning":"'),
    *('"reasoning_content":"', '"tool_calls":[{"index":0', '"finish_reason":"stop"', '"error":{'),
    *("<think>", "</think>", "[THINK]", "<|channel|>", "<|message|>", "<|end|>", "assistantfinal"),
    *('{"type":"response.output_text.delta","delta":"', '{"message":{"thinking":"', '"done":true'),
)


def fuzz(arguments: list[str]) -> None:
    """Run libFuzzer in this process; it ends the process."""
    import atheris

    with atheris.instrument_imports(include=["codex_ls.wire"]):
        from codex_ls.dev.corpus import coalesce, notate
        from codex_ls.events import StreamFailed, StreamFinished, WireEvent
        from codex_ls.wire.decoder import decoder_for
        from codex_ls.wire.quirks import Quirks

    def decode(wire: Any, quirks: Quirks, chunks: Iterable[bytes]) -> list[WireEvent]:
        decoder = decoder_for(wire, quirks)
        events: list[WireEvent] = []
        for chunk in chunks:
            events += decoder.feed(chunk)
        return events + decoder.finish()

    def one(data: bytes) -> None:
        if len(data) < 3:
            return
        choice, seed, body = data[0], data[1], data[2:]
        wire = ("chat", "responses", "ollama", "lmstudio")[choice % 4]
        quirks = Quirks(
            harmony=bool(choice & 16),
            forced_open=bool(choice & 32),
            model=("", "qwen3.5", "granite", "gpt-oss")[choice // 64],
        )
        whole = decode(wire, quirks, [body])
        ends = [event for event in whole if isinstance(event, (StreamFinished, StreamFailed))]
        assert ends == whole[-1:], "not exactly one end, last"
        chance = random.Random(seed)
        bounds = sorted(chance.randrange(len(body) + 1) for _ in range(chance.randrange(8)))
        chunks = [body[a:b] for a, b in zip([0, *bounds], [*bounds, len(body)], strict=True)]
        cut = decode(wire, quirks, chunks)
        assert coalesce(notate(cut)) == coalesce(notate(whole)), "the cut changed the events"

    atheris.Setup(arguments, one)
    atheris.Fuzz()


def seeds(folder: Path) -> None:
    """One input for each stream of the corpus, and one for each with other quirks."""
    from codex_ls.dev.corpus import load_cases

    wires = {"chat": 0, "responses": 1, "ollama": 2, "lmstudio": 3}
    for number, case in enumerate(load_cases(ROOT / "tests/fixtures/streams")):
        if case.status != 200 or len(case.body) > 8192:
            continue
        # The wire is the choice modulo 4: 96 adds the quirks and is divisible by it.
        for more in (0, 96):
            choice = wires[case.wire_api] + more
            (folder / f"{number}-{more}").write_bytes(bytes((choice, number % 256)) + case.body)


def main() -> int:
    """Prepare the seeds, and fuzz in a child process."""
    parser = argparse.ArgumentParser(prog="python benchmarks/fuzz_wire.py")
    parser.add_argument("--seconds", type=int, default=60)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        corpus, words = Path(folder, "corpus"), Path(folder, "words")
        corpus.mkdir()
        seeds(corpus)
        escaped = (word.replace("\\", "\\\\").replace('"', '\\"') for word in WORDS)
        words.write_text("".join(f'"{word}"\n' for word in escaped))
        command = [sys.executable, __file__, "--child", str(corpus), f"-dict={words}"]
        limits = [f"-max_total_time={options.seconds}", "-max_len=9000", "-timeout=10"]
        return subprocess.run([*command, *limits], check=False).returncode


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        fuzz([sys.argv[0], *sys.argv[2:]])
    sys.exit(main())
