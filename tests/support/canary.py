"""A key that is planted wherever the suite runs the program, and must never be seen again.

It is in the environment of every command and language server that tests start, and goes to the fake
model server in a header of every request (`X-Canary`). Whatever the program prints, sends to a client or
leaves in its folder is looked through; the one place it may be is that header.
"""

import base64
from pathlib import Path
from urllib.parse import quote

KEY = "c4nary+kept/secret.9f27d1"
"""Like no key that any pattern knows, so that only true care keeps it out."""

ENV = {"CANARY_VALUE": KEY}
CONFIG = 'env_http_headers = { X-Canary = "CANARY_VALUE" }\n'
"""One line of a provider's table."""

_FORMS = tuple(
    form.encode()
    for form in (KEY, quote(KEY, safe=""), base64.b64encode(KEY.encode()).decode().rstrip("=")[:-2])
)


def is_in(output: str | bytes) -> bool:
    """Whether the key stands in it, plain, percent-encoded or in base64."""
    data = output.encode("utf-8", "replace") if isinstance(output, str) else output
    return any(form in data for form in _FORMS)


def check(what: str, output: str | bytes) -> None:
    """Fail the test if the key stands there."""
    assert not is_in(output), f"the canary key was seen in {what}"


def check_folder(folder: Path) -> None:
    """Fail the test if the key stands in a file of the folder, config.toml aside, or in a name."""
    for path in folder.rglob("*"):
        check(f"the name {path.name}", path.name)
        if path.is_file() and not path.is_symlink() and path.name != "config.toml":
            check(f"the file {path.name}", path.read_bytes())
