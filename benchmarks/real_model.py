"""A real model on a real llama.cpp: a one-line question, from the shell to the first word on screen.

What a coding agent sends before the question is what makes the difference here, so the prompt's tokens
are counted too, by the model server. Nothing is cached: every question is the first one. With tools it
is the follow-ups that count, so there the server keeps its prompts, and says how much of each it had.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks import llamacpp
from benchmarks.contenders import NEW, OLD, OURS, SOCKET, Contender, contenders
from benchmarks.figures import Figure
from benchmarks.relay import Exchange, Relay
from benchmarks.terminal import Run, run
from codex_ls.agent.agent import Agent, Permissions
from codex_ls.config.load import load_config
from codex_ls.config.profile import resolve
from codex_ls.embedded.catalog import QWEN_CODER
from codex_ls.events import TurnFinished
from codex_ls.turn.session import Session, TurnRequest

MODEL = QWEN_CODER
QUESTION = "What does git stash do?"
FOLLOW_UPS = ("Which command undoes that?", "What if there is a conflict?", "Name one alternative.")
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
    with llamacpp.Node(model, threads=THREADS, answer_limit=24, keeps_prompts=True) as node:
        everyone = contenders(f"{node.address}/v1", scratch / "agent")
        ours = next(contender for contender in everyone if contender.key == OURS)
        for share in asyncio.run(cached_shares(ours)):
            yield Figure("agent-cache", OURS, share)


async def cached_shares(contender: Contender) -> list[float]:
    """Ask with tools, and go on; return how many percent of each later prompt the server had cached."""
    settings = resolve(load_config(env=contender.env))
    permissions = Permissions(sandbox_mode="workspace-write", approval_policy="never")
    agent = Agent(settings, contender.folder, permissions, env=contender.env)
    shares: list[float] = []
    thread_id: str | None = None
    async with Session(env=contender.env) as session:
        for prompt in (QUESTION, *FOLLOW_UPS):
            turn = session.start(TurnRequest(prompt, thread_id, tools=agent), settings)
            async for event in turn:
                if isinstance(event, TurnFinished):
                    if event.error is not None:
                        raise event.error
                    usage = event.usage
                    if usage is None or not usage.input_tokens or usage.cached_input_tokens is None:
                        raise RuntimeError("llama.cpp said nothing of its cache")
                    if thread_id is not None:
                        shares.append(100 * usage.cached_input_tokens / usage.input_tokens)
            thread_id = turn.thread_id
    return shares


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
