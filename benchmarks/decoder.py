"""What a delta costs between its bytes and its event: `python benchmarks/decoder.py`.

Times the decoders alone, on streams of growing length as they come from a socket, and prints
microseconds per delta: the same number in every row means linear. Medians of five.
"""

import statistics
import time
from collections.abc import Callable

from codex_ls.wire import decoder_for, quirks_for
from codex_ls.wire.decoder import WireApi

ENVELOPE = '"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"m"'
READ_BYTES = 65_536


def chat(delta: str) -> bytes:
    choice = f'{{"index":0,"delta":{{{delta}}},"finish_reason":null}}'
    return f'data: {{{ENVELOPE},"choices":[{choice}]}}\n\n'.encode()


def field(count: int) -> bytes:
    half = count // 2
    return chat('"reasoning_content":" word"') * half + chat('"content":" word"') * half


def tags(count: int) -> bytes:
    half = count // 2
    opened = chat('"content":"<think>"') + chat('"content":" word"') * half
    return opened + chat('"content":"</think>"') + chat('"content":" word"') * half


def responses(count: int) -> bytes:
    delta = '{"type":"response.output_text.delta","item_id":"i","output_index":0,"delta":" word"}'
    return f"event: response.output_text.delta\ndata: {delta}\n\n".encode() * count


def ollama(count: int) -> bytes:
    return b'{"model":"m","message":{"role":"assistant","content":" word"},"done":false}\n' * count


def lmstudio(count: int) -> bytes:
    delta = '{"type":"message.delta","content":" word"}'
    return f"event: message.delta\ndata: {delta}\n\n".encode() * count


SHAPES: dict[str, tuple[WireApi, Callable[[int], bytes]]] = {
    "chat, thinking in a field": ("chat", field),
    "chat, thinking in tags": ("chat", tags),
    "responses": ("responses", responses),
    "ollama": ("ollama", ollama),
    "lmstudio": ("lmstudio", lmstudio),
}


def microseconds_per_delta(wire: WireApi, data: bytes, count: int) -> float:
    """The median of five runs over fresh decoders."""
    runs = []
    for _ in range(5):
        decoder = decoder_for(wire, quirks_for(wire_api=wire))
        started = time.perf_counter()
        for at in range(0, len(data), READ_BYTES):
            decoder.feed(data[at : at + READ_BYTES])
        decoder.finish()
        runs.append((time.perf_counter() - started) / count * 1e6)
    return statistics.median(runs)


def main() -> None:
    counts = (1_000, 10_000, 100_000)
    print(f"{'microseconds per delta':28}", *(f"{count:>10,}" for count in counts))
    for name, (wire, stream) in SHAPES.items():
        costs = (microseconds_per_delta(wire, stream(count), count) for count in counts)
        print(f"{name:28}", *(f"{cost:10.1f}" for cost in costs))


if __name__ == "__main__":
    main()
