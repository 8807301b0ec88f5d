"""`codex-ls exec`: one question, one turn, its events on the screen as they come.

Invariant: between an event and the write that shows it there is no wait and no buffer. Whatever ends
the turn early (a signal, a reader that has gone, a full disk) closes the connection to the model.
"""

import asyncio
import os
import sys
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from codex_ls.cli.arguments import ExecArguments, parse_exec
from codex_ls.cli.exec_inputs import ExecInputs, read_inputs
from codex_ls.cli.interrupts import Interrupts
from codex_ls.cli.output import (
    Output,
    OutputFailed,
    ReaderGone,
    WriteInterrupted,
    encoding_note,
)
from codex_ls.cli.terminal import plan_layout
from codex_ls.errors import CodexError
from codex_ls.events import ReasoningSource, TurnFinished
from codex_ls.render.code_block import FirstCodeBlock
from codex_ls.render.failure import failure_lines, is_answered
from codex_ls.render.human import EVERY_SOURCE, HumanRenderer
from codex_ls.render.jsonl import JsonlRenderer

if TYPE_CHECKING:
    from codex_ls.config.profile import ModelSettings

_FAILED = 1
_LOOK_SECONDS = 0.25

Renderer = HumanRenderer | JsonlRenderer


def run(argv: list[str]) -> int:
    """Ask what the command line asks, show the turn, and return the exit code.

    Raises InvalidParams for a command line that makes no sense; every other failure is told here.
    """
    started_at = time.perf_counter()
    arguments = parse_exec(argv)
    out = Output(sys.stdout)
    err = Output(sys.stderr, lossy=True)
    with Interrupts(out, err) as interrupts:
        try:
            inputs = read_inputs(arguments, err=err, started_at=started_at)
            renderer = _renderer(arguments, inputs.settings, out=out, err=err)
            finished = _run(_show(inputs, renderer, out=out, interrupts=interrupts))
            err.write("" if arguments.is_quiet else encoding_note(out, err))
            code = 0 if is_answered(finished) else _FAILED
            if finished.status in ("completed", "truncated"):
                _keep_answer(inputs, finished)
        except CodexError as error:
            _tell(error, out=out, err=err, as_json=arguments.json)
            code = error.exit_code
        except (KeyboardInterrupt, WriteInterrupted):
            code = _FAILED
        except (ReaderGone, OutputFailed):
            if interrupts.exit_code is None:
                raise
            code = _FAILED
        return interrupts.exit_code or code


def _run(showing: Coroutine[Any, Any, TurnFinished]) -> TurnFinished:
    """`asyncio.run`, but a name that is still looked up in a thread is not waited for."""
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(showing)
    finally:
        loop.run_until_complete(_settle())
        loop.close()


async def _settle() -> None:
    """End what a turn that was left in a hurry has going on."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_asyncgens()


async def _show(
    inputs: ExecInputs, renderer: Renderer, *, out: Output, interrupts: Interrupts
) -> TurnFinished:
    """Run the turn and render every event; returns the last one. Raises CodexError, ReaderGone."""
    from codex_ls.turn.session import Session

    async with Session() as session:
        turn = session.start(inputs.request, inputs.settings, received_at=inputs.received_at)
        interrupts.cancel_with(turn.cancel)
        watch = _Watch(renderer, out, cancel=turn.cancel, since=inputs.received_at)
        try:
            async for event in turn:
                if watch.reader_is_gone:
                    raise ReaderGone
                renderer.render(event)
                if isinstance(event, TurnFinished):
                    return event
        finally:
            interrupts.cancel_with(None)
            watch.stop()
            with suppress(ReaderGone, OutputFailed, WriteInterrupted):
                renderer.close()
            await turn.aclose()
    raise AssertionError("a turn ends with TurnFinished")


class _Watch:
    """Four times a second: repaints the status line, and notices that nobody reads any more."""

    def __init__(
        self, renderer: Renderer, out: Output, *, cancel: Callable[[], None], since: float
    ) -> None:
        self._renderer = renderer
        self._out = out
        self._cancel = cancel
        self._since = since
        self._loop = asyncio.get_running_loop()
        self._next = self._loop.call_later(_LOOK_SECONDS, self._look)
        self.reader_is_gone = False

    def stop(self) -> None:
        """Look no more."""
        self._next.cancel()

    def _look(self) -> None:
        self.reader_is_gone = self._out.has_lost_its_reader() or not self._repaint()
        if self.reader_is_gone:
            self._cancel()
        else:
            self._next = self._loop.call_later(_LOOK_SECONDS, self._look)

    def _repaint(self) -> bool:
        """Repaint the status line; False if it can't be written any more."""
        try:
            self._renderer.tick(int((time.perf_counter() - self._since) * 1000))
        except (ReaderGone, OutputFailed, WriteInterrupted):
            return False
        return True


def _renderer(
    arguments: ExecArguments, settings: "ModelSettings", *, out: Output, err: Output
) -> Renderer:
    sources = _wanted_sources(arguments, settings)
    if arguments.json:
        return JsonlRenderer(write=out.write, sources=sources)
    layout = plan_layout(
        out=out,
        err=err,
        env=os.environ,
        color=arguments.color,
        thinking=arguments.thinking,
        sources=sources,
        is_code_only=arguments.is_code_only,
        is_quiet=arguments.is_quiet,
    )
    return HumanRenderer(out=out.write, err=err.write, layout=layout)


def _wanted_sources(
    arguments: ExecArguments, settings: "ModelSettings"
) -> frozenset[ReasoningSource]:
    """The kinds of thinking to show: the command line's word, else the configuration's."""
    if arguments.thinking == "off":
        return frozenset()
    if arguments.thinking != "auto":
        return EVERY_SOURCE
    if settings.hide_reasoning:
        return frozenset()
    return EVERY_SOURCE if settings.show_raw_reasoning else frozenset({"summary"})


def _keep_answer(inputs: ExecInputs, finished: TurnFinished) -> None:
    """Write the answer to the file of `-o`, exactly as it came; with `-x` its code block alone.

    Raises OutputFailed.
    """
    if inputs.last_message is None:
        return
    text = finished.content if finished.last_message is None else finished.last_message
    if inputs.is_code_only:
        block = FirstCodeBlock()
        text = block.feed(text) + block.finish()
    try:
        inputs.last_message.write_bytes(text.encode("utf-8", "replace"))
    except OSError as error:
        raise OutputFailed(
            f"The answer can't be written to {inputs.last_message}: {error.strerror}."
        ) from error


def _tell(error: CodexError, *, out: Output, err: Output, as_json: bool) -> None:
    """Tell a failure that came before the turn, to the program that reads and to the person."""
    if as_json:
        with suppress(ReaderGone, OutputFailed, WriteInterrupted):
            JsonlRenderer(write=out.write, sources=EVERY_SOURCE).fail(error)
    err.write(failure_lines(error))
