"""A team's model servers: a real LiteLLM in front of two real llama.cpp nodes, asked by codex-ls.

`python -m benchmarks.scale` (`make bench-scale`) says what happens to the balance, to a turn whose node
is killed under it, and to a turn that is cancelled; and writes it into `docs/performance.md`. A relay
before each node sees which connections LiteLLM opens and closes.
"""

import json
import re
import statistics
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from benchmarks import litellm_proxy, llamacpp, machine, report
from benchmarks.contenders import contenders
from benchmarks.editor_server import LanguageServer
from benchmarks.litellm_proxy import LiteLlm
from benchmarks.relay import Exchange, Relay
from codex_ls.embedded.catalog import SMOLLM

QUESTION = "Say hello."
LONG = "Write a very long story about a lighthouse, with many chapters."
LONG_PROMPT = "Sum this up: " + "the quick brown fox jumps over the lazy dog. " * 120
LIMIT_S = 60.0
QUESTIONS, AT_ONCE, CANCELS = 20, 4, 5
_ASK = b"POST /v1/chat/completions "
_STREAM = b'"stream":true'
_TEXT = re.compile(rb'"type": ?"content"')
T = TypeVar("T")


class Team:
    """Two nodes, each behind its relay."""

    def __init__(self, stack: ExitStack, model: Path) -> None:
        nodes = [llamacpp.Node(model, threads=1, answer_limit=400, slots=AT_ONCE) for _ in range(2)]
        self.nodes = [stack.enter_context(node) for node in nodes]
        ports = [urlsplit(node.address).port or 0 for node in self.nodes]
        self.relays = [stack.enter_context(Relay(port)) for port in ports]

    @property
    def base_urls(self) -> list[str]:
        """The addresses of the nodes, through their relays."""
        return [f"http://127.0.0.1:{relay.port}/v1" for relay in self.relays]

    def forget(self) -> None:
        """Drop what the relays saw."""
        for relay in self.relays:
            relay.forget()

    def answered(self, sign: bytes) -> list[int]:
        """How many requests with this in them each node got since then."""
        return [
            sum(exchange.request.count(sign) for exchange in relay.exchanges)
            for relay in self.relays
        ]

    def busy(self) -> tuple[int, Exchange]:
        """The node that answers now, and its connection."""
        for number, relay in enumerate(self.relays):
            for exchange in relay.exchanges:
                if exchange.hung_up_at is None and _ASK in exchange.request:
                    return number, exchange
        raise RuntimeError("no node is asked")

    def works(self, number: int) -> bool:
        """Whether a slot of that node is working."""
        with urllib.request.urlopen(f"{self.nodes[number].address}/slots") as answer:
            return any(slot["is_processing"] for slot in json.load(answer))


def main() -> int:
    """Measure, print, and write."""
    if not machine.is_offline():
        llamacpp.fetch(SMOLLM)
        litellm_proxy.fetch()
    if problem := llamacpp.missing(SMOLLM) or litellm_proxy.missing():
        print(problem)
        return 1
    machine.went_offline("benchmarks.scale")
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="codex-ls-scale-")))
        lines = []
        for line in measure(stack, scratch):
            print(f"- {line}", flush=True)
            lines.append(line)
    said = f"Measured on {datetime.now(UTC):%Y-%m-%d}: {machine.description()};"
    said += (
        f" LiteLLM {litellm_proxy.PACKAGE.partition('==')[2]}, two llama.cpp nodes, {SMOLLM.name}."
    )
    text = "\n".join([said, "", *(f"- {line}" for line in lines)])
    report.replace_part("scale", text)
    return 0


def measure(stack: ExitStack, scratch: Path) -> Iterator[str]:
    """One sentence for each thing that was tried."""
    model = llamacpp.model_file(SMOLLM)
    assert model is not None
    team = Team(stack, model)
    started = time.monotonic()
    proxy = stack.enter_context(LiteLlm(team.base_urls, scratch))
    start_s = time.monotonic() - started
    direct = stack.enter_context(_editor(team.base_urls[0], scratch / "direct", "bench"))
    through = stack.enter_context(_editor(proxy.base_url, scratch / "proxy", "team"))
    for editor in (direct, through):
        editor.initialize()
        _answered(editor, QUESTION)  # warms up
    yield f"LiteLLM starts in {start_s:.0f} s."
    yield _first_word(direct, through)
    yield _balance(team, through)
    yield _cancelled("while the answer comes", team, direct, through, LONG, answering=True)
    yield _cancelled(
        "while the prompt is read", team, direct, through, LONG_PROMPT, answering=False
    )
    yield _node_dies(team, through)


def _editor(base_url: str, scratch: Path, model: str) -> LanguageServer:
    everyone = contenders(base_url, scratch, model=model, api_key=litellm_proxy.KEY)
    return LanguageServer(everyone[0])


def _answered(editor: LanguageServer, prompt: str) -> tuple[float, float]:
    """When a question was asked, and when its first word came; its answer is awaited."""
    editor.forget()
    asked_at = editor.ask(prompt=prompt)
    editor.wait_for(_TEXT)
    first_at = editor.chunks[-1][0]
    editor.wait_for_ends()
    editor.settle()
    return asked_at, first_at


def _first_word(direct: LanguageServer, through: LanguageServer) -> str:
    waits: dict[LanguageServer, list[float]] = {direct: [], through: []}
    for _ in range(5):
        for editor, found in waits.items():
            asked_at, first_at = _answered(editor, QUESTION)
            found.append((first_at - asked_at) * 1000)
    without, with_it = (statistics.median(found) for found in waits.values())
    return (
        f"The first word of a short question: {without:,.0f} ms from a node itself,"
        f" {with_it:,.0f} ms through LiteLLM (medians of five)."
    )


def _balance(team: Team, editor: LanguageServer) -> str:
    team.forget()
    editor.forget()
    for number in range(QUESTIONS):
        editor.ask(number, prompt=QUESTION)
        if number >= AT_ONCE - 1:
            editor.wait_for_ends(number + 2 - AT_ONCE)
    editor.wait_for_ends(QUESTIONS)
    editor.settle()
    completed = [result["status"] for result in editor.results()].count("completed")
    first, second = team.answered(_STREAM)
    others = sum(team.answered(_ASK)) - first - second
    return (
        f"Balance: {QUESTIONS} questions, {AT_ONCE} at a time: one node got {first}, the other"
        f" {second}; {completed} were completed. LiteLLM asked the nodes {others} questions of its own"
        " meanwhile, as it does whenever somebody gets its `/health`."
    )


def _cancelled(
    when: str,
    team: Team,
    direct: LanguageServer,
    through: LanguageServer,
    prompt: str,
    *,
    answering: bool,
) -> str:
    said = []
    for name, editor in (("to a node itself", direct), ("through LiteLLM", through)):
        closed_ms, freed_ms = [], []
        for _ in range(CANCELS):
            team.forget()
            editor.forget()
            editor.ask(prompt=prompt)
            if answering:
                editor.wait_for(_TEXT)
            number, exchange = soon(team.busy)
            soon(lambda number=number: team.works(number) or None)  # type: ignore[misc]
            cancelled_at = editor.cancel()
            editor.wait_for_ends()
            soon(lambda number=number: None if team.works(number) else True)  # type: ignore[misc]
            freed_ms.append((time.monotonic() - cancelled_at) * 1000)
            if exchange.hung_up_at is not None:
                closed_ms.append((exchange.hung_up_at - cancelled_at) * 1000)
            editor.settle()
        closed = f"{statistics.median(closed_ms):,.0f} ms" if closed_ms else "never"
        said.append(
            f"{name}, the node's connection is closed after {closed} and its slot is free after"
            f" {statistics.median(freed_ms):,.0f} ms (at most {max(freed_ms):,.0f})"
        )
    return f"Cancelled {when}: {'; '.join(said)}."


def _node_dies(team: Team, editor: LanguageServer) -> str:
    team.forget()
    editor.forget()
    editor.ask(prompt=LONG)
    editor.wait_for(_TEXT)
    number, _ = soon(team.busy)
    editor.read_for(0.5)
    killed_at = time.monotonic()
    team.relays[number].stop()
    team.nodes[number].kill()
    editor.wait_for_ends()
    ended_ms = (time.monotonic() - killed_at) * 1000
    editor.settle()
    (result,) = editor.results()
    kinds = ", ".join(notice["kind"] for notice in result["notices"])
    team.forget()
    statuses, waits = [], []
    for _ in range(5):
        asked_at, first_at = _answered(editor, QUESTION)
        statuses.append(editor.results()[0]["status"])
        waits.append((first_at - asked_at) * 1000)
    return (
        f"A node killed in mid-stream: the turn ends {ended_ms:,.0f} ms later as"
        f" `{result['status']}` ({kinds}) with its {len(result['content']):,} characters kept; of the"
        f" next 5 questions {statuses.count('completed')} are completed, all by the other node, the"
        f" first word of the first of them after {waits[0]:,.0f} ms, of the others"
        f" {statistics.median(waits[1:]):,.0f} ms."
    )


def soon(find: Callable[[], T | None]) -> T:
    """What `find` returns, as soon as it is something and raises nothing."""
    end = time.monotonic() + LIMIT_S
    while True:
        try:
            found = find()
        except RuntimeError:
            found = None
        if found is not None:
            return found
        if time.monotonic() > end:
            raise TimeoutError(f"not within {LIMIT_S} s")
        time.sleep(0.1)  # asked faster, llama.cpp would be busy with answering


if __name__ == "__main__":
    sys.exit(main())
