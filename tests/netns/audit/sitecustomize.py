"""Writes down every attempt to reach something, and every program that is started, by this Python.

Python loads it at its start wherever this folder is on PYTHONPATH. It sees what is attempted, even where no
packet leaves: a name that is looked up in a file, a connection that a missing route refuses.
"""

import json
import os
import sys

_WATCHED = ("socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo")
_PROGRAMS = ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.system")


def _write_down(event: str, args: tuple[object, ...]) -> None:
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = args[1]
        if not isinstance(address, tuple):
            return  # a Unix socket, or one that is connected already
        told = ["connect", str(address[0]), address[1]]
    elif event == "socket.getaddrinfo":
        told = ["name", str(args[0]), str(args[1])]
    elif event in _PROGRAMS:
        told = ["program", str(args[0]), ""]
    else:
        return
    os.write(_REPORT, (json.dumps(told) + "\n").encode())


if "NETNS_AUDIT" in os.environ:
    _REPORT = os.open(os.environ["NETNS_AUDIT"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    sys.addaudithook(_write_down)
