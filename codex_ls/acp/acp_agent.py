"""The agent's side of the protocol: every method of a client, and the process that serves one client."""

import asyncio
import logging
import os
import signal
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, cast

from acp.agent.connection import AgentSideConnection
from acp.exceptions import RequestError
from acp.interfaces import Agent, Client
from acp.meta import PROTOCOL_VERSION
from acp.schema import (
    AgentCapabilities,
    AuthenticateResponse,
    ClientCapabilities,
    CloseSessionResponse,
    Implementation,
    InitializeResponse,
    ListSessionsResponse,
    LoadSessionResponse,
    NewSessionResponse,
    PromptCapabilities,
    PromptResponse,
    ResumeSessionResponse,
    SessionCapabilities,
    SessionCloseCapabilities,
    SessionInfo,
    SessionListCapabilities,
    SessionResumeCapabilities,
    SetSessionConfigOptionResponse,
    TerminalAuthMethod,
)
from acp.stdio import stdio_streams

from codex_ls import __version__
from codex_ls.acp.acp_session import AcpOptions, AcpSession, Outbox
from codex_ls.acp.line_transport import MAX_LINE_BYTES, LineTransport
from codex_ls.acp.prompt_content import Block
from codex_ls.config.load import load_config
from codex_ls.config.profile import resolve
from codex_ls.errors import (
    CodexError,
    InvalidParams,
    MissingCredential,
    NoProfile,
    Unauthorized,
    UnknownThread,
)
from codex_ls.events import Notice
from codex_ls.turn.kept_thread import KeptTurn
from codex_ls.turn.session import Session
from codex_ls.turn.thread_store import ThreadStore

logger = logging.getLogger(__name__)

_PAGE: Final = 100
_INVALID_PARAMS, _INTERNAL_ERROR, _AUTH_REQUIRED, _NOT_FOUND = -32602, -32603, -32000, -32002
_CLOSING_S: Final = 1.0
"""How long the end of the process waits for a client that does not read."""


class AcpAgent:
    """Answers one client. Every method raises RequestError with a sentence and the next step."""

    def __init__(self, turns: Session, outbox: Outbox, options: AcpOptions) -> None:
        self._turns = turns
        self._outbox = outbox
        self._options = options
        self._sessions: dict[str, AcpSession] = {}
        self._client: Client | None = None
        self._client_reads_files = False
        self._announcing: set[asyncio.Task[None]] = set()

    def on_connect(self, conn: Client) -> None:
        """Remember whom updates and questions go to."""
        self._client = conn

    async def initialize(
        self,
        protocol_version: int,  # noqa: ARG002 - there is one version, and the client decides
        client_capabilities: ClientCapabilities | None = None,
        **_: Any,
    ) -> InitializeResponse:
        """Return what this agent can do."""
        auth = client_capabilities.auth if client_capabilities is not None else None
        files = client_capabilities.fs if client_capabilities is not None else None
        self._client_reads_files = files is not None and files.read_text_file is True
        init = TerminalAuthMethod(
            type="terminal",
            id="init",
            name="Set up a model",
            description="Finds the model servers of this machine and writes a profile for one.",
            args=["--init"],
        )
        return InitializeResponse(
            protocol_version=PROTOCOL_VERSION,
            agent_info=Implementation(name="codex-ls", title="codex-ls", version=__version__),
            agent_capabilities=AgentCapabilities(
                load_session=True,
                prompt_capabilities=PromptCapabilities(image=True, embedded_context=True),
                session_capabilities=SessionCapabilities(
                    list=SessionListCapabilities(),
                    resume=SessionResumeCapabilities(),
                    close=SessionCloseCapabilities(),
                ),
            ),
            auth_methods=[init] if auth is not None and auth.terminal else [],
        )

    async def authenticate(self, method_id: str, **_: Any) -> AuthenticateResponse:
        """Check that there is a model to ask, after `codex-ls init` ran in a terminal."""
        with _told():
            if method_id != "init":
                raise InvalidParams(f"There is no method {method_id[:64]}.", hint="Use init.")
            resolve(load_config(env=self._options.env, overrides=self._options.overrides))
        return AuthenticateResponse()

    async def new_session(
        self,
        cwd: str,
        additional_directories: list[str] | None = None,
        mcp_servers: list[Any] | None = None,
        **_: Any,
    ) -> NewSessionResponse:
        """Begin a thread in a folder."""
        with _told():
            session = self._open(None, cwd, additional_directories, mcp_servers)
            self._announce_commands(session)
            return NewSessionResponse(
                session_id=session.thread.thread_id, config_options=[*session.config_options()]
            )

    async def load_session(
        self,
        cwd: str,
        session_id: str,
        mcp_servers: list[Any] | None = None,
        additional_directories: list[str] | None = None,
        **_: Any,
    ) -> LoadSessionResponse:
        """Go on with a thread, after all of it was sent."""
        with _told():
            session = self._open(session_id, cwd, additional_directories, mcp_servers)
            await session.replay(await asyncio.to_thread(self._kept, session_id))
            self._announce_commands(session)
            return LoadSessionResponse(config_options=[*session.config_options()])

    async def resume_session(
        self,
        session_id: str,
        cwd: str,
        additional_directories: list[str] | None = None,
        mcp_servers: list[Any] | None = None,
        **_: Any,
    ) -> ResumeSessionResponse:
        """Go on with a thread that the client still shows."""
        with _told():
            session = self._open(session_id, cwd, additional_directories, mcp_servers)
            self._announce_commands(session)
            return ResumeSessionResponse(config_options=[*session.config_options()])

    async def list_sessions(
        self, cwd: str | None = None, cursor: str | None = None, **_: Any
    ) -> ListSessionsResponse:
        """Return the kept threads, the one that was used last first."""
        with _told():
            if cursor is not None and not (cursor.isascii() and cursor.isdecimal()):
                raise InvalidParams("The cursor is invalid: this agent did not issue it.")
            start = int(cursor or 0)
            folder = None if cwd is None else str(_folder(cwd))
            store = ThreadStore.of(self._options.env)
            if store is None:
                return ListSessionsResponse(sessions=[])
            found = await asyncio.to_thread(store.recent, limit=start + _PAGE + 1, folder=folder)
            sessions = [
                SessionInfo(
                    session_id=thread.thread_id,
                    cwd=thread.folder or folder or str(Path.home()),
                    title=thread.title,
                    updated_at=thread.updated_at,
                )
                for thread in found[start : start + _PAGE]
            ]
            more = str(start + _PAGE) if len(found) > start + _PAGE else None
            return ListSessionsResponse(sessions=sessions, next_cursor=more)

    async def set_config_option(
        self, config_id: str, session_id: str, value: object, **_: Any
    ) -> SetSessionConfigOptionResponse:
        """Select a profile, a model or an effort for the turns to come."""
        with _told():
            session = self._session(session_id)
            session.select(config_id, value)
            return SetSessionConfigOptionResponse(config_options=[*session.config_options()])

    async def prompt(self, session_id: str, prompt: list[Block], **_: Any) -> PromptResponse:
        """Run a turn; its updates go before this."""
        with _told():
            return await self._session(session_id).prompt(prompt)

    async def cancel(self, session_id: str, **_: Any) -> None:
        """End the turn of a session; a notification has no answer, not for an unknown session either."""
        if (session := self._sessions.get(session_id)) is not None:
            session.cancel()

    async def close_session(self, session_id: str, **_: Any) -> CloseSessionResponse:
        """Let go of a session; its thread is kept."""
        with _told():
            self._session(session_id).cancel()
            del self._sessions[session_id]
        return CloseSessionResponse()

    def _announce_commands(self, session: AcpSession) -> None:
        """Send the commands of a session behind the response that it begins with.

        The SDK writes the response before any other task runs.
        """
        task = asyncio.ensure_future(session.announce_commands())
        self._announcing.add(task)
        task.add_done_callback(self._announced)

    def _announced(self, task: asyncio.Task[None]) -> None:
        self._announcing.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.warning("The commands of a session were not sent: %s", error)

    def _open(
        self,
        session_id: str | None,
        cwd: str,
        directories: list[str] | None,
        mcp_servers: list[Any] | None,
    ) -> AcpSession:
        folder = _folder(cwd)
        if directories:
            raise InvalidParams(
                "Additional directories are not supported.", hint="codex-ls acp --add-dir DIR"
            )
        known = self._sessions.get(session_id or "")
        if known is not None and known.is_busy:
            raise InvalidParams("A turn is running in this session.", hint="Cancel it first.")
        thread = self._turns.threads.thread(session_id, folder=str(folder))
        assert self._client is not None
        session = AcpSession(
            self._turns,
            self._client,
            self._outbox,
            thread,
            folder,
            self._options,
            reads_files=self._client_reads_files,
        )
        if mcp_servers:
            names = ", ".join(str(getattr(server, "name", "?")) for server in mcp_servers)
            session.notices.append(
                Notice("mcpRefused", f"MCP servers of the client are not used: {names}.")
            )
        self._sessions[thread.thread_id] = session
        return session

    def _session(self, session_id: str) -> AcpSession:
        session = self._sessions.get(session_id)
        if session is None:
            raise UnknownThread(
                f"There is no session {session_id[:64]} here.",
                hint="Start one with session/new, or load one with session/load.",
            )
        return session

    def _kept(self, session_id: str) -> tuple[KeptTurn, ...]:
        """Return the turns that are on disk: none of a session in which nothing was asked."""
        store = ThreadStore.of(self._options.env)
        if store is None or not store.size(session_id):
            return ()
        return store.read(session_id).turns


def run_acp(options: AcpOptions) -> int:
    """Serve a client on standard input and output until it leaves; return the exit code.

    Raises InvalidParams where one of the two is a file.
    """
    if os.name == "posix" and not (_can_be_awaited(0) and _can_be_awaited(1)):
        raise InvalidParams(
            "Standard input or output is no pipe.", hint="Editors start this command with pipes."
        )
    if os.isatty(0):
        sys.stderr.write("codex-ls: waiting for an editor that speaks ACP here; Ctrl-C ends it.\n")
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format="codex-ls: %(levelname)s %(message)s"
    )
    loop = asyncio.new_event_loop()
    try:
        serving = loop.create_task(_serve(options))
        for name in ("SIGTERM", "SIGHUP"):
            with suppress(AttributeError, NotImplementedError):
                loop.add_signal_handler(getattr(signal, name), serving.cancel)
        with suppress(asyncio.CancelledError):
            loop.run_until_complete(serving)
    finally:
        loop.run_until_complete(_settle())
        loop.close()  # a name that is still looked up in a thread is not waited for
    return 0


async def _serve(options: AcpOptions) -> None:
    reader, writer = await stdio_streams(limit=MAX_LINE_BYTES)
    async with Session(env=options.env) as turns:
        transport = LineTransport(reader, writer)
        connection = AgentSideConnection(
            # Without the methods that are optional: the SDK answers that there are none.
            cast("Agent", AcpAgent(turns, transport, options)),
            transport,
            listening=False,
            use_unstable_protocol=True,  # the SDK's name for resume and close
        )
        try:
            await connection.listen()
        finally:
            with suppress(TimeoutError):
                async with asyncio.timeout(_CLOSING_S):
                    await connection.close()


async def _settle() -> None:
    """End what is still going on."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_asyncgens()


def _can_be_awaited(descriptor: int) -> bool:
    """Whether this is a pipe, a socket or a terminal: an event loop can't wait for others."""
    mode = os.fstat(descriptor).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or os.isatty(descriptor)


def _folder(cwd: str) -> Path:
    """Return the workspace, links followed, as the shell names it. Raises InvalidParams."""
    path = Path(cwd)
    if "\0" in cwd or not path.is_absolute():
        raise InvalidParams(f"The folder {cwd[:200]!r} is not an absolute path.")
    if not path.is_dir():
        raise InvalidParams(f"There is no folder {cwd[:200]}.", hint="Check the session's cwd.")
    return Path(os.path.realpath(path))


@contextmanager
def _told() -> Iterator[None]:
    """Turn an error of ours into the protocol's: one sentence, the next step, and our kind."""
    try:
        yield
    except CodexError as error:
        match error:
            case InvalidParams():
                code = _INVALID_PARAMS
            case UnknownThread():
                code = _NOT_FOUND
            case NoProfile() | MissingCredential() | Unauthorized():
                code = _AUTH_REQUIRED
            case _:
                code = _INTERNAL_ERROR
        sentences = " ".join(filter(None, (error.message, error.hint)))
        data = {"kind": error.kind, "hint": error.hint, "retryable": error.retryable}
        raise RequestError(code, sentences, data) from None
