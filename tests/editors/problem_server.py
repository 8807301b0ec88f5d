"""A language server that finds one problem in every file: `python -m tests.editors.problem_server`.

A real editor hands a problem to the code actions of other servers; one has to report it first.
"""

import json
import sys
from typing import Any

PROBLEM = "use multiplication"


def read() -> dict[str, Any] | None:
    """Return the next message; None at the end."""
    length = 0
    while line := sys.stdin.buffer.readline().strip():
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    if not length:
        return None
    message: dict[str, Any] = json.loads(sys.stdin.buffer.read(length))
    return message


def write(message: dict[str, Any]) -> None:
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    sys.stdout.buffer.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
    sys.stdout.buffer.flush()


def diagnostic(line: int, length: int) -> dict[str, Any]:
    place = {
        "start": {"line": line, "character": 0},
        "end": {"line": line, "character": length},
    }
    return {"range": place, "severity": 2, "source": "checker", "message": PROBLEM}


def main() -> None:
    while (message := read()) is not None:
        match message.get("method"):
            case "initialize":
                capabilities = {"textDocumentSync": 1}
                write({"id": message["id"], "result": {"capabilities": capabilities}})
            case "textDocument/didOpen":
                document = message["params"]["textDocument"]
                lines = document["text"].split("\n")
                found = [
                    diagnostic(number, len(line))
                    for number, line in enumerate(lines)
                    if "x + x" in line
                ]
                params = {"uri": document["uri"], "diagnostics": found}
                write({"method": "textDocument/publishDiagnostics", "params": params})
            case "shutdown":
                write({"id": message["id"], "result": None})
            case "exit":
                return


if __name__ == "__main__":
    main()
