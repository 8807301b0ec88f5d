"""The child process that llama.cpp's HTTP server runs in. It needs nothing of codex-ls.

::

    stdin  <- one line of JSON, the settings; then nothing. Its end is the end of this process
    stdout -> one line of JSON: {"address": "http://127.0.0.1:PORT"}, {"missing": why} or {"failed": why}
    stderr -> llama.cpp's log

Loading a model holds the interpreter's lock for seconds, so no thread could notice meanwhile that the
parent is gone. On Linux the kernel watches instead: SIGIO, whose default action is to end the process,
is sent when the other end of stdin closes. Elsewhere the end comes when the model is loaded.
"""

import json
import os
import select
import sys
import threading
from typing import IO, Any


def main() -> None:
    """Serve until stdin ends."""
    out = _private_stdout()
    line = sys.stdin.buffer.readline()
    if not line.endswith(b"\n"):
        return
    _end_with_stdin()
    try:
        import xllamacpp
    except ImportError as error:
        _tell(out, {"missing": str(error)})
        return
    try:
        server = xllamacpp.Server(_params(xllamacpp, json.loads(line)))
    except RuntimeError as error:
        _tell(out, {"failed": str(error)})
        os._exit(1)
    _tell(out, {"address": server.listening_address})
    threading.Event().wait()


def _params(xllamacpp: Any, settings: dict[str, Any]) -> Any:
    """llama.cpp's parameters for a desktop: one user, no web page, little memory."""
    params = xllamacpp.CommonParams()
    params.model.path = settings["model_path"]
    params.model_alias = {settings["name"]}
    params.chat_template = settings["template"]
    params.n_ctx = settings["context"]
    params.n_predict = settings["answer_limit"]
    params.n_parallel = 2
    params.kv_unified = True  # the two share the memory of one conversation
    params.n_batch = params.n_ubatch = 256
    params.cache_ram_mib = 256
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = settings["threads"]
    params.fit_params = False  # it would read the model's header twice, to fit what is fitted here
    params.sampling.temp = settings["temperature"]
    params.sampling.seed = settings["seed"]
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [settings["api_key"]]
    params.cors_origins = ""
    params.ui = False
    params.endpoint_slots = settings["report_slots"]
    params.endpoint_metrics = True  # how many questions wait for one of the two
    params.verbosity = 1
    return params


def _private_stdout() -> IO[str]:
    """The real stdout; whatever else prints goes to stderr."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return out


def _tell(out: IO[str], message: dict[str, str]) -> None:
    out.write(json.dumps(message) + "\n")
    out.flush()


def _end_with_stdin() -> None:
    """From now on this process ends when the other end of stdin closes."""
    if sys.platform == "linux":
        import fcntl

        fcntl.fcntl(0, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(0, fcntl.F_SETFL, fcntl.fcntl(0, fcntl.F_GETFL) | os.O_ASYNC)
        poll = select.poll()
        poll.register(0, 0)  # only whether it hung up: it may have done so before
        if poll.poll(0):
            os._exit(0)
    threading.Thread(target=_watch_stdin, daemon=True).start()


def _watch_stdin() -> None:
    while os.read(0, 1024):
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
