"""`file:` URIs and paths, as pygls reads them, for whatever a client sends."""

from pathlib import Path

from pygls.uris import from_fs_path, to_fs_path


def local_path(uri: str) -> Path | None:
    """Return the path that a URI names; None for what is no file on this machine."""
    try:
        name = to_fs_path(uri)
    except ValueError:  # no URI at all
        return None
    return Path(name) if name else None


def uri_of(path: str) -> str | None:
    """Return the URI of an absolute path; None for what is no path."""
    try:
        uri: str | None = from_fs_path(path)
    except ValueError:
        return None
    return uri
