"""The checks of what answers: is it a model server, at that path, with that key, with that model?"""

import re
from collections.abc import Iterator, Sequence
from urllib.parse import urljoin, urlsplit, urlunsplit

from codex_ls.config.address import origin
from codex_ls.config.models import closest
from codex_ls.doctor.check import Finding, failed, ok, skipped, warning
from codex_ls.doctor.discovery_check import other_servers
from codex_ls.doctor.doctor_context import DoctorContext
from codex_ls.providers.error_hints import ENDPOINTS, chat_completions_step, key_step
from codex_ls.providers.probe import NoReply, Reply
from codex_ls.providers.servers.kind import (
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


async def check_server(context: DoctorContext) -> Finding:
    """Who answers, and whether it is a model server at that path."""
    reply = context.listing
    assert reply is not None
    if context.is_local:
        context.server = await identify(context.get_at_root)
    if context.server is not None and context.server.is_loading:
        return warning(
            f"{context.server.title} is loading its model.", "Wait; a question waits for it too."
        )
    if reply.status in (401, 403):
        return _refused(context, reply)
    if 300 <= reply.status < 400:
        return _sent_elsewhere(context, reply)
    if reply.status == 407:
        error = error_from_response(reply.status, b"")
        return failed(error.message, error.hint)
    if reply.status == 429:
        return warning(
            f"{context.origin} received too many requests (429).",
            "Wait a moment; the next check shows whether it answers.",
        )
    if reply.status >= 500:
        error = error_from_response(reply.status, reply.text.encode(), reply.content_type)
        return warning(error.message, error.hint)
    if not _is_list(reply):
        return await _no_list(context, reply)
    if context.server is None:
        context.server = Server("other", models=listed_models(reply.fields))
    if context.provider.wire_api == "lmstudio" and context.server.kind not in ("lmstudio", "other"):
        return _another_server(context, context.server, "LM Studio")
    return ok(f"Detected {context.server.title}.")


async def check_model(context: DoctorContext) -> Finding:
    """Whether the server has the profile's model, and whether it is loaded."""
    server, wanted = context.server, context.settings.model
    if server is None or server.is_loading:
        return skipped("The server does not list its models.")
    model = server.model(wanted)
    if wanted in server.unfit:
        fit = next(iter(names(server.models)), None)
        return failed(
            f"{wanted} is an embedding model and cannot answer.",
            f'Write model = "{fit}".' if fit else "Set model to a chat model.",
        )
    if model is None and server.kind == "llamacpp" and server.models:
        return _another_name(wanted, server)
    if model is None:
        return _missing(context, server)
    if model.is_loaded is False:
        return warning(
            f"{wanted} is available but not loaded; the first question waits until it is.",
            _LOAD_HINTS.get(server.kind, "Load it in the server.").format(model=wanted),
        )
    return ok(f"{wanted} is {'loaded' if model.is_loaded else 'available'}.")


async def check_window(context: DoctorContext) -> Finding:
    """How many tokens fit, and whether that is what the configuration believes."""
    model = context.served_model()
    configured = context.settings.context_window
    window = model.window if model is not None else None
    if window is None:
        largest = model.largest_window if model is not None else None
        if configured is not None:
            sentence = f"{configured} tokens, set by model_context_window."
            if configured >= _SMALL_WINDOW:
                return ok(sentence)
            return warning(
                f"{sentence[:-1]}: too small for one long file.",
                "Set model_context_window in config.toml to the server's actual context window.",
            )
        return (
            skipped("The server does not report its context window.")
            if largest is None
            else ok(f"Up to {largest} tokens, depending on how the model is loaded.")
        )
    assert context.server is not None
    grow = _WINDOW_HINTS.get(context.server.kind)
    if configured is not None and configured > window:
        return warning(
            f"model_context_window is {configured}, but the model is loaded with {window} tokens.",
            grow or f"Set model_context_window = {window}.",
        )
    if window < _SMALL_WINDOW and context.provider.wire_api != "ollama":
        return warning(
            f"The context window is only {window} tokens: too small for one long file.", grow
        )
    return ok(f"{window} tokens.")


_LOAD_HINTS = {
    "lmstudio": "Load it beforehand: lms load {model}",
    "ollama": 'Load it beforehand: ollama run {model} ""',
}
_WINDOW_HINTS = {
    "llamacpp": "Start llama-server with a larger -c (tokens).",
    "lmstudio": "Reload it with a larger window: lms load MODEL --context-length 32768",
    "ollama": 'Set OLLAMA_CONTEXT_LENGTH for the Ollama server, or write wire_api = "ollama" in'
    " codex-ls.toml.",
    "vllm": "Start vLLM with a larger --max-model-len.",
    "sglang": "Start SGLang with a larger --context-length.",
}
_FETCH_HINTS = {
    "llamacpp": "Start it with that model: llama-server -m {model}.gguf",
    "ollama": "ollama pull {model}",
    "lmstudio": "lms get {model}",
    "vllm": "Use a name that it serves, or start it with --served-model-name {model}.",
    "sglang": "Use a name that it serves, or start it with --served-model-name {model}.",
}


def _refused(context: DoctorContext, reply: Reply) -> Finding:
    variables = " or ".join(context.provider.env_keys)
    step = key_step(context.settings, has_key=context.has_key, status=reply.status)
    if reply.status == 403:
        error = error_from_response(reply.status, reply.text.encode(), reply.content_type)
        said = error.message if error.message.startswith("The model server says") else ""
        return failed(f"{context.origin} refuses access (403). {said}".rstrip(), step)
    if context.has_key:
        where = f" ({variables})" if variables else ""
        return failed(f"{context.origin} rejected the API key{where} with {reply.status}.", step)
    return failed(
        f"{context.origin} requires an API key ({reply.status}), and none was sent.", step
    )


def _sent_elsewhere(context: DoctorContext, reply: Reply) -> Finding:
    try:
        target = urljoin(context.provider.base_url, reply.location)
        parts, target_origin = urlsplit(target), origin(target)
    except ValueError:
        return _redirected(
            context,
            reply,
            "an invalid address",
            "Correct the redirect in the server, or in the gateway in front of it.",
        )
    is_elsewhere = target_origin != context.origin
    where = target_origin if is_elsewhere else f"the path {parts.path}"
    path = parts.path.rstrip("/")
    base_url = urlunsplit((parts.scheme, parts.netloc, path.removesuffix("/models"), "", ""))
    if path.endswith("/models") and base_url == context.provider.base_url:
        hint = "Disable the redirect in the server, or in the gateway in front of it."
    elif path.endswith("/models") and parts.hostname == context.host:
        hint = f'Write base_url = "{base_url}".'
    elif path.endswith("/models"):
        hint = f'If that server is yours too, write base_url = "{base_url}".'
    elif is_elsewhere and not context.is_local:
        hint = "If this is your network's login page, log in first; otherwise correct base_url."
    else:
        hint = "Check base_url: this looks like a web page, not a model server's API."
    return _redirected(context, reply, where, hint)


def _redirected(context: DoctorContext, reply: Reply, where: str, hint: str) -> Finding:
    return failed(
        f"{context.origin} redirects ({reply.status} to {where}); redirects are not followed, so"
        " that the API key is not sent to another server.",
        hint,
    )


def _another_server(context: DoctorContext, server: Server, wanted: str) -> Finding:
    title = "A model server" if server.kind == "other" else server.title
    step = chat_completions_step(context.provider)
    return failed(
        f"{title} answers at {context.origin}, not {wanted}.",
        f"{step[:1].upper()}{step[1:]}",
    )


async def _no_list(context: DoctorContext, reply: Reply) -> Finding:
    """A path that is no list of models: find the right one, or say what is there instead."""
    wire_api = context.provider.wire_api
    if wire_api == "ollama" and context.server is not None and context.server.kind != "ollama":
        return _another_server(context, context.server, "Ollama")
    path = await _path_that_lists(context)
    if path is not None:
        return failed(
            f"{context.provider.base_url} is not this server's API ({reply.status} for its list"
            " of models).",
            f'Write base_url = "{context.with_base_url(path=path)}".',
        )
    if context.server is not None and context.server.kind != "other":
        return failed(
            f"{context.server.title} answers, but not at {context.provider.base_url}.",
            f'Write base_url = "{context.with_base_url(path="/v1")}".',
        )
    if reply.is_page or (reply.data is None and reply.status == 200):
        what = "a web page" if reply.is_page else "something that is not a model server"
        found = await other_servers(context)
        return failed(
            f"{what[:1].upper()}{what[1:]} answers at {context.origin} ({reply.status}).",
            found
            or (
                "Check the port in base_url: another program uses this one."
                if context.is_local
                else "Check base_url; if this is your network's login page, log in first."
            ),
        )
    return warning(
        f"{context.origin} does not list its models ({reply.status}).",
        "Some gateways don't list models; the next check shows whether it answers.",
    )


async def _path_that_lists(context: DoctorContext) -> str | None:
    """A base URL's path under which this server lists its models."""
    for path in _other_paths(urlsplit(context.provider.base_url).path):
        reply = await context.get(context.with_base_url(path=f"{path}/models"))
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
        f"llama.cpp serves {loaded}, whatever model is requested (here {wanted}).",
        f'Write model = "{loaded}", or start llama-server with that model.',
    )


def _missing(context: DoctorContext, server: Server) -> Finding:
    wanted = context.settings.model
    name = NAMES[server.kind] if server.kind != "other" else context.provider.name
    if not server.models:
        return failed(
            f"{name} has no models, so {wanted} is not available.",
            _FETCH_HINTS.get(server.kind, "Download one there.").format(model=wanted),
        )
    there = _listed(server.models, wanted)
    sentence = f"{name} does not have the model {wanted}. Available: {there}."
    meant = _meant(wanted, names(server.models))
    if server.kind == "other":  # a gateway may know more names than it lists
        return warning(sentence, meant or "Set model to one of them.")
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
