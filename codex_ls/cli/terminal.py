"""What the two standard streams can show, decided once from flags, environment and what is there.

The conventions are those that other programs keep: https://no-color.org,
https://bixense.com/clicolors, and `TERM=dumb` for terminals that know no escapes.
"""

import sys
from collections.abc import Mapping
from typing import Literal

from codex_ls.cli.output import Output
from codex_ls.events import ReasoningSource
from codex_ls.render.human import Layout, Where

Color = Literal["auto", "always", "never"]
Thinking = Literal["auto", "stdout", "stderr", "off"]

_FORCED: dict[Thinking, Where] = {"stdout": "out", "stderr": "err", "off": "off"}


def plan_layout(
    *,
    out: Output,
    err: Output,
    env: Mapping[str, str],
    color: Color,
    thinking: Thinking,
    sources: frozenset[ReasoningSource],
    is_code_only: bool = False,
    is_quiet: bool = False,
) -> Layout:
    """Where thinking, answer and status go, and which of it is dimmed."""
    out_erases, err_erases = _knows_escapes(out, env), _knows_escapes(err, env)
    status: Where = "off"
    if not is_quiet:
        status = "out" if out_erases else "err" if err_erases else "off"
    return Layout(
        thinking=_FORCED.get(thinking) or ("out" if out.is_terminal else "err"),
        status=status,
        out_is_terminal=out.is_terminal,
        one_screen=out.is_same_terminal(err),
        dim_out=_wants_color(out, env, color),
        dim_err=_wants_color(err, env, color),
        columns=(out if out_erases else err).columns,
        sources=sources,
        wraps_out=out_erases,
        wraps_err=err_erases,
        is_code_only=is_code_only,
        is_quiet=is_quiet,
    )


def _wants_color(output: Output, env: Mapping[str, str], color: Color) -> bool:
    if color != "auto":
        return color == "always"
    if env.get("NO_COLOR"):
        return False
    if env.get("CLICOLOR_FORCE", "0") != "0":
        return True
    return env.get("CLICOLOR") != "0" and _knows_escapes(output, env)


def _knows_escapes(output: Output, env: Mapping[str, str]) -> bool:
    if not output.is_terminal or env.get("TERM") == "dumb":
        return False
    return sys.platform != "win32" or _enable_windows_escapes()


def _enable_windows_escapes() -> bool:
    """Switch the console's escape sequences on; False on one that has none (before Windows 10)."""
    if sys.platform != "win32":
        return True
    import ctypes

    kernel = ctypes.windll.kernel32
    mode = ctypes.c_ulong()
    for standard_handle in (-11, -12):  # STD_OUTPUT_HANDLE, STD_ERROR_HANDLE
        handle = kernel.GetStdHandle(standard_handle)
        # ENABLE_VIRTUAL_TERMINAL_PROCESSING is 4.
        if kernel.GetConsoleMode(handle, ctypes.byref(mode)) and kernel.SetConsoleMode(
            handle, mode.value | 4
        ):
            return True
    return False
