"""`codex-ls chat`: a conversation in the terminal.

Invariant: Ctrl-C stops what is being said and never the conversation; a failed turn neither.
"""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, get_args

from codex_ls.cli.approval_prompt import ApprovalPrompt
from codex_ls.cli.argument_parser import ArgumentParser
from codex_ls.cli.interrupts import Interrupts
from codex_ls.cli.options import add_tool_options, sandbox_of
from codex_ls.cli.output import (
    Output,
    OutputFailed,
    ReaderGone,
    WriteInterrupted,
    encoding_note,
)
from codex_ls.cli.terminal import plan_layout
from codex_ls.cli.terminal_input import read_answer
from codex_ls.errors import CodexError
from codex_ls.events import Effort, ReasoningSource, TurnFinished
from codex_ls.render.failure import failure_lines, labelled_lines
from codex_ls.render.human import EVERY_SOURCE, HumanRenderer

if TYPE_CHECKING:
    from codex_ls.agent.agent import Permissions
    from codex_ls.cli.chat_input import ChatInput
    from codex_ls.cli.conversation import Conversation, Question
    from codex_ls.config.model_settings import ModelSettings
    from codex_ls.turn.session import Session

_TICK_S = 0.25
_PATIENCE_S = 2.0
"""A Ctrl-C that comes so soon after the first means the answer too, and not the conversation."""
_TERMINATED = 128 + signal.SIGTERM
_SUMMARIES: frozenset[ReasoningSource] = frozenset({"summary"})


def run(argv: Sequence[str]) -> int:
    """Converse until the input ends or the person leaves. Raises CodexError for a wrong start."""
    parsed = _parser().parse_args(argv)

    from codex_ls.cli.chat_input import ChatInput
    from codex_ls.cli.conversation import Choice, Conversation
    from codex_ls.config.load import load_config
    from codex_ls.turn.thread_store import our_folder

    out, err = Output(sys.stdout), Output(sys.stderr, lossy=True)
    tell = out.write if out.is_terminal else err.write  # a pipe gets the answers alone
    config = load_config(overrides=parsed.config)
    for problem in config.problems:
        tell(labelled_lines("note", problem.message, hint=problem.hint))
    choice = Choice(parsed.profile, parsed.model, parsed.effort, parsed.local_only)
    chat = Conversation(
        config,
        choice,
        tell=tell,
        list_models=lambda settings: _models(settings, out if out.is_terminal else err),
        thread_id=_thread_id(parsed),
        permissions=_permissions(parsed),
        ask=ApprovalPrompt(err),
    )
    if parsed.no_tools:
        chat.has_tools = False
    chat.introduce()
    folder = our_folder(os.environ) if chat.settings.keep_history else None
    lines = ChatInput(chat.completions, folder / "chat_history" if folder is not None else None)
    try:
        if out.is_terminal:
            if not chat.settings.provider.base_url:
                _offer_model(chat.settings.model, out)
            out.write("/help lists the commands; Ctrl-D leaves.\n")
        return _converse(chat, lines)
    finally:
        lines.close()


def _models(settings: "ModelSettings", out: Output) -> dict[str, str]:
    """Name to line of each model of the server that is asked, or of the built-in ones."""
    from codex_ls.cli.models_command import built_in_lines, served_lines
    from codex_ls.providers.servers.list_models import list_models

    if not settings.provider.base_url:
        return built_in_lines(settings, out)
    return served_lines(asyncio.run(list_models(settings, os.environ)), settings, out)


def _offer_model(name: str, out: Output) -> None:
    """Offer to fetch the built-in model, if it is not here.

    Who declines, or stops the download with Ctrl-C, may choose another profile.
    """
    from codex_ls.embedded.install import ensure_model

    try:
        ensure_model(name, read_answer=read_answer)
    except KeyboardInterrupt:
        out.write("\n")
    except CodexError as error:
        out.write(failure_lines(error))


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="codex-ls chat",
        description="Start a conversation in the terminal; /help lists its commands.",
    )
    parser.add_argument("-p", "--profile", metavar="NAME", help="a profile of config.toml")
    parser.add_argument("-m", "--model", metavar="MODEL", help="the model; overrides the profile's")
    parser.add_argument("--effort", choices=get_args(Effort), help="reasoning effort")
    parser.add_argument("-c", "--config", metavar="KEY=VALUE", action="append", default=[])
    parser.add_argument(
        "--local-only", action="store_true", help="allow only servers on this machine"
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--resume", metavar="ID", help="resume this conversation")
    which.add_argument("--last", action="store_true", help="resume this folder's last conversation")
    parser.add_argument(
        "--all", action="store_true", help="with --last: conversations of all folders"
    )
    add_tool_options(parser)
    return parser


def _permissions(parsed: Any) -> "Permissions | None":
    """What the command line says of tools; None if it says nothing."""
    mode, approval = sandbox_of(parsed), parsed.ask_for_approval
    if mode is None and approval is None and not parsed.add_dir:
        return None
    from codex_ls.agent.agent import Permissions

    roots = tuple(path.absolute() for path in parsed.add_dir)
    return Permissions(mode, "never" if parsed.unprotected else approval, roots)


def _thread_id(parsed: Any) -> str | None:
    if parsed.resume is None and not parsed.last:
        return None
    from codex_ls.cli.exec_inputs import current_folder
    from codex_ls.cli.thread_choice import chosen_thread

    folder = None if parsed.all else current_folder()
    return chosen_thread(parsed.resume, is_last=parsed.last, folder=folder)


def _converse(chat: "Conversation", lines: "ChatInput") -> int:
    """Questions and answers, in one session, so that connections and the built-in model stay.

    Returns the exit code.
    """
    from codex_ls.turn.session import Session

    code = 0
    with asyncio.Runner() as runner:
        session = Session()
        runner.run(session.__aenter__())
        try:
            while not chat.is_over and (line := lines.next()) is not None:
                if (question := chat.question(line)) is not None:
                    code = _answer(runner, session, chat, question)
        finally:
            runner.run(session.__aexit__(None, None, None))
    return code


def _answer(
    runner: asyncio.Runner, session: "Session", chat: "Conversation", question: "Question"
) -> int:
    """One turn; returns the exit code if the conversation ended here, as SIGTERM wants, else 0.

    An output that broke ends it too, as an exception; everything else is told.
    """
    out, err = Output(sys.stdout), Output(sys.stderr, lossy=True)
    with Interrupts(out, err, patience_s=_PATIENCE_S) as interrupts:
        renderer = _renderer(question.settings, out=out, err=err)
        showing = _show(session, chat, question, renderer, interrupts)
        try:
            runner.get_loop().run_until_complete(showing)
        except CodexError as error:
            err.write(failure_lines(error))
        except (KeyboardInterrupt, WriteInterrupted):
            showing.close()
            err.write("interrupted\n")
        err.write(encoding_note(out, err))
        if interrupts.exit_code != _TERMINATED:
            return 0
        chat.is_over = True
        return _TERMINATED


async def _show(
    session: "Session",
    chat: "Conversation",
    question: "Question",
    renderer: HumanRenderer,
    interrupts: Interrupts,
) -> None:
    from codex_ls.cli.exec_inputs import current_folder
    from codex_ls.turn.session import TurnRequest

    asked_at = time.perf_counter()
    request = TurnRequest(
        question.words,
        chat.thread_id,
        is_fork=chat.is_fork,
        folder=current_folder(),
        tools=chat.tools(question.settings),
    )
    turn = session.start(request, question.settings, received_at=asked_at)
    chat.thread_id, chat.is_fork = turn.thread_id, False
    interrupts.cancel_with(turn.cancel)
    ticking = asyncio.ensure_future(_tick(renderer, asked_at))
    try:
        async for event in turn:
            renderer.render(event)
            if isinstance(event, TurnFinished):
                break
    finally:
        interrupts.cancel_with(None)
        ticking.cancel()
        await asyncio.gather(ticking, return_exceptions=True)
        with suppress(ReaderGone, OutputFailed, WriteInterrupted):
            renderer.close()
        await turn.aclose()


async def _tick(renderer: HumanRenderer, since: float) -> None:
    """Repaint the status line four times a second."""
    while True:
        await asyncio.sleep(_TICK_S)
        renderer.tick(int((time.perf_counter() - since) * 1000))


def _renderer(settings: "ModelSettings", *, out: Output, err: Output) -> HumanRenderer:
    sources = EVERY_SOURCE if settings.show_raw_reasoning else _SUMMARIES
    layout = plan_layout(
        out=out,
        err=err,
        env=os.environ,
        color="auto",
        thinking="auto",
        sources=frozenset() if settings.hide_reasoning else sources,
    )
    return HumanRenderer(out=out.write, err=err.write, layout=layout)
