"""A real model on a real llama.cpp: a one-line question, from the shell to the first word on screen.

What a coding agent sends before the question is what makes the difference here, so the prompt's tokens
are counted too, by the model server. Nothing is cached: every question is the first one.
"""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks import llamacpp
from benchmarks.contenders import NEW, OLD, OURS, SOCKET, Contender, contenders
from benchmarks.figures import Figure
from benchmarks.relay import Exchange, Relay
from benchmarks.terminal import Run, run
from codex_ls.embedded.catalog import QWEN_CODER

MODEL = QWEN_CODER
QUESTION = "What does git stash do?"
THREADS = 2


def measure(scratch: Path, *, quick: bool) -> Iterator[Figure]:
    """codex-ls and the bare socket in turn; then each peer once, which takes minutes."""
    model = llamacpp.model_file(MODEL)
    if model is None or llamacpp.missing(MODEL):
        return
    with llamacpp.Node(model, threads=THREADS, answer_limit=24) as node:
        upstream = urlsplit(node.address).port
        assert upstream is not None
        with Relay(upstream) as relay:
            everyone = contenders(f"http://127.0.0.1:{relay.port}/v1", scratch)
            short = [c for c in everyone if c.key in (OURS, SOCKET)]
            for number in range(3 if quick else 6):
                for contender in short:
                    figures = list(_asked(relay, contender))
                    if number:  # the first round warms up
                        yield from figures
            for contender in everyone:
                if contender.key in (OLD, NEW) and not quick:
                    yield from _asked(relay, contender)


def _asked(relay: Relay, contender: Contender) -> Iterator[Figure]:
    relay.forget()
    watched = run(contender.ask(QUESTION), env=contender.env, folder=contender.folder)
    for exchange in relay.exchanges:
        at = _on_screen(watched, exchange)
        if at is None:
            continue
        yield Figure("real-first-word", contender.key, at - watched.started_at)
        if (tokens := exchange.prompt_tokens()) is not None:
            yield Figure("prompt-tokens", contender.key, tokens)
        return
    said = watched.output[-500:].decode(errors="replace")
    raise RuntimeError(f"{contender.key} showed no word of the model: {said}")


def _on_screen(watched: Run, exchange: Exchange) -> float | None:
    """When the answer's first word was on the terminal."""
    first = exchange.first_word()
    if first is None:
        return None
    passed_at, word = first
    return next((at for at, data in watched.chunks if at >= passed_at and word in data), None)
