"""The checks of what answers: is it a model server, at that path, with that key, with that model?"""

import re
from collections.abc import Iterator, Sequence
from urllib.parse import urljoin, urlsplit, urlunsplit

from codex_ls.config.address import origin
from codex_ls.config.schema import closest
from codex_ls.doctor.check import Finding, failed, ok, skipped, warning
from codex_ls.doctor.neighbours import other_servers
from codex_ls.doctor.patient import Patient
from codex_ls.providers.inquiry import NoReply, Reply
from codex_ls.providers.remedies import ENDPOINTS, key_step
from codex_ls.providers.server_kind import (
    NAMES,
    ServedModel,
    Server,
    identify,
    listed_models,
    names,
)
from codex_ls.wire import error_from_response

_SHOWN_NAMES = 5
_SMALL_WINDOW = 8192


async def check_server(patient: Patient) -> Finding:
    """Who answers, and whether it is a model server at that path."""
    reply = patient.listing
    assert reply is not None
    if patient.is_local:
        patient.server = await identify(patient.get_at_root)
    if patient.server is not None and patient.server.is_loading:
        return warning(
            f"{patient.server.title} is loading its model.", "Wait: questions are kept waiting too."
        )
    if reply.status in (401, 403):
        return _refused(patient, reply)
    if 300 <= reply.status < 400:
        return _sent_elsewhere(patient, reply)
    if reply.status == 407:
        error = error_from_response(reply.status, b"")
        return failed(error.message, error.hint)
    if reply.status == 429:
        return warning(
            f"{patient.origin} is getting too many requests (429).",
            "Wait a little; the next check shows whether it answers.",
        )
    if reply.status >= 500:
        error = error_from_response(reply.status, reply.text.encode(), reply.content_type)
        return warning(error.message, error.hint)
    if not _is_list(reply):
        return await _no_list(patient, reply)
    if patient.server is None:
        patient.server = Server("other", models=listed_models(reply.fields))
    if patient.provider.wire_api == "lmstudio" and patient.server.kind not in ("lmstudio", "other"):
        return _another_server(patient, patient.server, "LM Studio")
    return ok(f"It is {patient.server.title}.")


async def check_model(patient: Patient) -> Finding:
    """Whether the server has the profile's model, and whether it is loaded."""
    server, wanted = patient.server, patient.settings.model
    if server is None or server.is_loading:
        return skipped("The server does not list its models.")
    model = server.model(wanted)
    if wanted in server.unfit:
        fit = next(iter(names(server.models)), None)
        return failed(
            f"{wanted} only makes embeddings: it can't answer.",
            f'Write model = "{fit}".' if fit else "Write the name of a model that can chat.",
        )
    if model is None and server.kind == "llamacpp" and server.models:
        return _another_name(wanted, server)
    if model is None:
        return _missing(patient, server)
    if model.is_loaded is False:
        return warning(
            f"{wanted} is there, but not loaded: the first question waits for it.",
            _LOAD_HINTS.get(server.kind, "Load it in the server.").format(model=wanted),
        )
    return ok(f"{wanted} is {'loaded' if model.is_loaded else 'there'}.")


async def check_window(patient: Patient) -> Finding:
    """How many tokens fit, and whether that is what the configuration believes."""
    model = patient.served_model()
    configured = patient.settings.context_window
    window = model.window if model is not None else None
    if window is None:
        largest = model.largest_window if model is not None else None
        if configured is not None:
            sentence = f"{configured} tokens, as model_context_window says."
            if configured >= _SMALL_WINDOW:
                return ok(sentence)
            return warning(
                f"{sentence[:-1]}: one long file is more than that.",
                "Raise model_context_window in config.toml to what the server really has.",
            )
        return (
            skipped("The server does not tell how many tokens fit.")
            if largest is None
            else ok(f"Up to {largest} tokens, if it is loaded so.")
        )
    assert patient.server is not None
    grow = _WINDOW_HINTS.get(patient.server.kind)
    if configured is not None and configured > window:
        return warning(
            f"model_context_window says {configured}, but the model is loaded for {window} tokens.",
            grow or f"Set model_context_window = {window}.",
        )
    if window < _SMALL_WINDOW and patient.provider.wire_api != "ollama":
        return warning(f"Only {window} tokens fit: one long file is more than that.", grow)
    return ok(f"{window} tokens.")


_LOAD_HINTS = {
    "lmstudio": "Load it beforehand: lms load {model}",
    "ollama": 'Load it beforehand: ollama run {model} ""',
}
_WINDOW_HINTS = {
    "llamacpp": "Start llama-server with a larger -c (tokens).",
    "lmstudio": "Load it with more: lms load MODEL --context-length 32768",
    "ollama": 'Set OLLAMA_CONTEXT_LENGTH where Ollama starts, or use wire_api = "ollama".',
    "vllm": "Start vLLM with a larger --max-model-len.",
    "sglang": "Start SGLang with a larger --context-length.",
}
_FETCH_HINTS = {
    "llamacpp": "Start it with that model: llama-server -m {model}.gguf",
    "ollama": "ollama pull {model}",
    "lmstudio": "lms get {model}",
    "vllm": "Write a name that it serves, or start it with --served-model-name {model}.",
    "sglang": "Write a name that it serves, or start it with --served-model-name {model}.",
}


def _refused(patient: Patient, reply: Reply) -> Finding:
    variables = " or ".join(patient.provider.env_keys)
    step = key_step(patient.settings, has_key=patient.has_key, status=reply.status)
    if reply.status == 403:
        error = error_from_response(reply.status, reply.text.encode(), reply.content_type)
        said = error.message if error.message.startswith("The model server says") else ""
        return failed(f"{patient.origin} refuses access (403). {said}".rstrip(), step)
    if patient.has_key:
        where = f" ({variables})" if variables else ""
        return failed(f"{patient.origin} refused the key{where} with {reply.status}.", step)
    return failed(f"{patient.origin} wants a key ({reply.status}), and none was sent.", step)


def _sent_elsewhere(patient: Patient, reply: Reply) -> Finding:
    try:
        target = urljoin(patient.provider.base_url, reply.location)
        parts, target_origin = urlsplit(target), origin(target)
    except ValueError:
        return _redirected(
            patient,
            reply,
            "an address that makes no sense",
            "Correct that redirect in the server, or in the gateway before it.",
        )
    is_elsewhere = target_origin != patient.origin
    where = target_origin if is_elsewhere else f"the path {parts.path}"
    path = parts.path.rstrip("/")
    base_url = urlunsplit((parts.scheme, parts.netloc, path.removesuffix("/models"), "", ""))
    if path.endswith("/models") and base_url == patient.provider.base_url:
        hint = "Switch that redirect off in the server, or in the gateway before it."
    elif path.endswith("/models") and parts.hostname == patient.host:
        hint = f'Write base_url = "{base_url}".'
    elif path.endswith("/models"):
        hint = f'If that is your server too, write base_url = "{base_url}".'
    elif is_elsewhere and not patient.is_local:
        hint = "Log in to the network first, if that is its login page; else correct base_url."
    else:
        hint = "Check base_url: this looks like a web interface, not like a model server's."
    return _redirected(patient, reply, where, hint)


def _redirected(patient: Patient, reply: Reply, where: str, hint: str) -> Finding:
    return failed(
        f"{patient.origin} sends requests elsewhere ({reply.status} to {where}); redirects are not"
        " followed, so that a key goes nowhere else.",
        hint,
    )


def _another_server(patient: Patient, server: Server, wanted: str) -> Finding:
    title = "A model server" if server.kind == "other" else server.title
    return failed(
        f"{title} answers at {patient.origin}, and no {wanted}.",
        'Set wire_api = "chat".',
    )


async def _no_list(patient: Patient, reply: Reply) -> Finding:
    """A path that is no list of models: find the right one, or say what is there instead."""
    wire_api = patient.provider.wire_api
    if wire_api == "ollama" and patient.server is not None and patient.server.kind != "ollama":
        return _another_server(patient, patient.server, "Ollama")
    path = await _path_that_lists(patient)
    if path is not None:
        return failed(
            f"{patient.provider.base_url} is not where this server's interface is"
            f" ({reply.status} for its models).",
            f'Write base_url = "{patient.with_base_url(path=path)}".',
        )
    if patient.server is not None and patient.server.kind != "other":
        return failed(
            f"{patient.server.title} answers, but not at {patient.provider.base_url}.",
            f'Write base_url = "{patient.with_base_url(path="/v1")}".',
        )
    if reply.is_page or (reply.data is None and reply.status == 200):
        what = "a web page" if reply.is_page else "something that is no model server"
        found = await other_servers(patient)
        return failed(
            f"{what[:1].upper()}{what[1:]} answers at {patient.origin} ({reply.status}).",
            found
            or (
                "Check the port in base_url: another program has this one."
                if patient.is_local
                else "Check base_url; if it is your network's login page, log in first."
            ),
        )
    return warning(
        f"{patient.origin} does not list its models ({reply.status}).",
        "Some gateways don't; the next check shows whether it answers.",
    )


async def _path_that_lists(patient: Patient) -> str | None:
    """A base URL's path under which this server lists its models."""
    for path in _other_paths(urlsplit(patient.provider.base_url).path):
        reply = await patient.get(patient.with_base_url(path=f"{path}/models"))
        if not isinstance(reply, NoReply) and _is_list(reply):
            return path
    return None


def _other_paths(path: str) -> Iterator[str]:
    """What may have been meant: without the endpoint, with one /v1, with /v1 at the root."""
    tried = {path}
    shorter = path
    for endpoint in ENDPOINTS:
        shorter = shorter.removesuffix(endpoint)
    once = shorter
    while "/v1/v1" in once:
        once = once.replace("/v1/v1", "/v1")
    for other in (shorter, once, f"{once}/v1", once.removesuffix("/v1"), "/v1", "/api/v1", "/api"):
        if other not in tried:
            tried.add(other)
            yield other


def _is_list(reply: Reply) -> bool:
    return any(isinstance(reply.fields.get(key), list) for key in ("data", "models"))


def _another_name(wanted: str, server: Server) -> Finding:
    loaded = server.models[0].name
    return warning(
        f"llama.cpp has loaded {loaded} and answers with it, whatever the profile calls it"
        f" ({wanted}).",
        f'Write model = "{loaded}", or start llama-server with that model.',
    )


def _missing(patient: Patient, server: Server) -> Finding:
    wanted = patient.settings.model
    name = NAMES[server.kind] if server.kind != "other" else patient.provider.name
    if not server.models:
        return failed(
            f"{name} has no model at all, so not {wanted} either.",
            _FETCH_HINTS.get(server.kind, "Give it one.").format(model=wanted),
        )
    there = _listed(server.models, wanted)
    sentence = f"{name} has no model {wanted}; it has {there}."
    meant = _meant(wanted, names(server.models))
    if server.kind == "other":  # a gateway may know more names than it lists
        return warning(sentence, meant or "Write the name of one that it has.")
    return failed(sentence, meant or _FETCH_HINTS[server.kind].format(model=wanted))


def _meant(wanted: str, known: Sequence[str]) -> str | None:
    """A hint with the name that was mistyped; other figures are another model, not a slip."""
    same_figures = [name for name in known if _figures(name) == _figures(wanted)]
    nearest = closest(wanted, same_figures, cutoff=0.8)
    return None if nearest is None else f'Write model = "{nearest}".'


def _figures(name: str) -> list[str]:
    return re.findall(r"\d+", name)


def _listed(models: Sequence[ServedModel], wanted: str) -> str:
    known = list(names(models))
    if (nearest := closest(wanted, known)) is not None:
        known.remove(nearest)
        known.insert(0, nearest)
    more = len(known) - _SHOWN_NAMES
    return ", ".join(known[:_SHOWN_NAMES]) + (f" and {more} more" if more > 0 else "")
