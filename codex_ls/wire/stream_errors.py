"""What a server said went wrong, as one of our errors, with the server's own sentence.

Errors come with an HTTP status and a body of any kind, or inside a stream that began with 200:
`{"error": {...}}`, `{"error": "text"}`, `event: error`, `base_resp` (MiniMax), `detail` (FastAPI),
`object: "error"` (older vLLM). All end here.
"""

import re
from collections.abc import Mapping
from typing import Any

from codex_ls.errors import (
    BadRequest,
    ContextOverflow,
    NotFound,
    ProviderError,
    RateLimited,
    ServerError,
    StreamBroken,
    TimedOut,
    Unauthorized,
)
from codex_ls.sanitize import sanitize
from codex_ls.wire.shapes import parse_json

TOLD = "The model server says: "
"""How the sentence of a server begins when it is handed on."""
_MAX_SENTENCE = 600
_QUOTED_CHARS = 60

# How servers say that a prompt does not fit: OpenAI, llama.cpp, LM Studio, vLLM, SGLang, Ollama,
# OpenRouter, Groq, Mistral, xAI, Google, Anthropic-like gateways, GitHub Models, MiniMax, Kimi.
_OVERFLOW = re.compile(
    r"""context[_ ]length[_ ]exceeded
    | exceed_context_size
    | exceeds?\ the\ (available\ |model'?s?\ )?(maximum\ )?context
    | exceeds?\ .{0,30}context\ (window|length|limit|size)
    | context\ (window|length|size)\b.{0,40}\b(exceed|overflow|too\ (long|large|small)|limit)
    | maximum\ (context|prompt)\ length
    | greater\ than\ the\ context\ length
    | when\ context\ the\ overflows | loaded\ with\ context\ length\ of\ only
    | longer\ than\ the\ (model'?s?\ )?context
    | (input|prompt)\ (is\ )?too\ long
    | too\ many\ (input\ )?tokens
    | input\ (token\ count|length).{0,40}exceeds
    | exceeds\ the\ limit\ of\ \d+
    | exceeded\ model\ token\ limit
    | reduce\ the\ length\ of\ (the|your)\b
    | tokens\ to\ keep\ from\ the\ initial\ prompt
    | model_max_prompt_tokens_exceeded
    | request_too_large
    """,
    re.IGNORECASE | re.VERBOSE,
)
_NUMBER = r"(\d[\d,_]*)"
_PROMPT_THEN_WINDOW = re.compile(
    rf"\({_NUMBER} tokens\) exceeds .*?\({_NUMBER} tokens\)"
)  # llama.cpp
_KEEP_THEN_WINDOW = re.compile(  # LM Studio, word for word
    rf"keep the first {_NUMBER} tokens .*?context length of only {_NUMBER} tokens"
)
_WINDOW_THEN_PROMPT = re.compile(  # OpenAI, vLLM
    rf"maximum context length is {_NUMBER} tokens.*?(?:requested|resulted in|has) {_NUMBER}"
)
_IN_MESSAGES = re.compile(
    rf"\({_NUMBER} in the messages"
)  # of what is requested, the prompt's part
_KEY = re.compile(
    r"\b(sk|key|tok|pk|gsk|xai|hf|nvapi|AIza)[-_][\w.*-]{6,}|\bBearer\s+\S+", re.IGNORECASE
)


def error_in(value: Any, event_name: str = "") -> ProviderError | None:
    """The error that one JSON value of a stream reports, if it does."""
    if not isinstance(value, dict):
        return None
    error = value.get("error")
    if error:
        return _classify(_status_of(error, value), _sentence(error), error)
    if event_name == "error" or value.get("object") == "error" or value.get("type") == "error":
        return _classify(_status_of(value, value), _sentence(value), value)
    base = value.get("base_resp")
    if isinstance(base, dict) and base.get("status_code"):
        return ServerError(_told(str(base.get("status_msg") or base["status_code"])))
    if "choices" not in value and "detail" in value:
        return _classify(None, _sentence(value["detail"]), value)
    return None


def error_from_response(status: int, body: bytes, content_type: str = "") -> ProviderError:
    """The error that an HTTP answer with a status other than 2xx stands for.

    `body` may be JSON, an event stream, HTML, text or nothing; only its sentence is used.
    """
    value = parse_json(body.strip().removeprefix(b"data:").strip())
    if value is None and b"data:" in body:
        value = parse_json(body.partition(b"data:")[2].partition(b"\n")[0])
    source: Any = value
    if isinstance(value, list) and value:  # Google wraps its errors in an array
        source = value[0]
    if isinstance(source, dict) and source.get("error"):
        source = source["error"]
    if source is None:
        text = body[:4000].decode("utf-8", "replace").strip()
        is_page = "html" in content_type or text[:1] == "<"
        source = _of_page(text) if is_page else text
    return _classify(status, _sentence(source), source)


def _of_page(text: str) -> str:
    """The one thing that a web page is read for: nginx says in it that a port wants TLS."""
    title = re.search(r"<title>([^<]{1,200})</title>", text)
    return title[1] if title and "HTTPS port" in title[1] else ""


def refuses(error: ProviderError, *names: str) -> bool:
    """Whether the server refused a request because of one of these fields."""
    if error.http_status not in (400, 404, 405, 422, 500, 501):
        return False
    text = error.message.lower()
    if not any(name in text for name in names):
        return False
    words = (
        "support",
        "unknown",
        "unrecognized",
        "extra",
        "invalid",
        "not permitted",
        "unexpected",
        "not allowed",
        "does not expose",  # LM Studio, of a model that can't be told how much to think
    )
    return any(word in text for word in words)


def said(sentence: str) -> ProviderError:
    """The error of a server that said nothing but a sentence."""
    return _classify(None, sentence, sentence)


def not_an_answer(text: str) -> ProviderError:
    """The error of a 200 whose body is neither events nor JSON."""
    begun = text.lstrip()
    if begun[:1] == "<":
        what = "A web page came instead of a model's answer."
    else:
        shown = " ".join(sanitize(redact(begun[:_QUOTED_CHARS])).split())
        what = f"What came is no answer of a model; it begins with: {shown}"
    return StreamBroken(
        what,
        hint="Check base_url (most servers want it to end in /v1) and wire_api.",
        passing=False,
        misread=True,
    )


def broken_off() -> ProviderError:
    """The error of a stream that ended before it said anything."""
    return StreamBroken(
        "The model server ended its answer before the first word.",
        hint="Look at the model server's own log: it may have run out of memory or been stopped.",
    )


def too_long() -> ProviderError:
    """The error of a line or an event that passed the limit."""
    return StreamBroken(
        "The model server sent one event of more than 16 MiB; the connection was closed.",
        passing=False,
    )


def redact(text: str) -> str:
    """`text` without anything that looks like a key: servers like to quote the one they refuse."""
    return _KEY.sub("[key]", text)


def _classify(status: int | None, sentence: str, source: Any) -> ProviderError:
    words = f"{sentence} {_words(source)}"
    if _OVERFLOW.search(words) and status not in (401, 403, 429):
        return ContextOverflow(
            _told(sentence), hint=_overflow_hint(sentence, source), http_status=status
        )
    match status:
        case 401 | 403:
            return Unauthorized(
                _told(sentence, "refused the key" if status == 401 else "refused access (403)"),
                hint="Check the key: the environment variable that env_key names in config.toml.",
                http_status=status,
            )
        case 404:
            return NotFound(
                _told(sentence, "knows no such model or path"),
                hint="Check the model's name and base_url in config.toml.",
                http_status=status,
            )
        case 408 | 504:
            return TimedOut(
                _told(sentence, "gave up waiting"), hint="Ask again.", http_status=status
            )
        case 429:
            return RateLimited(
                _told(sentence, "is getting too many requests"),
                hint="Wait a little, or ask another profile.",
                http_status=status,
            )
        case 407:
            return BadRequest(
                "The proxy in between wants a name and a password (407).",
                hint="Write them into the proxy's variable: http://NAME:PASSWORD@HOST:PORT",
                http_status=status,
            )
        case 413:
            return BadRequest(
                _told(sentence, "refused the request: it is too large (413)"),
                hint="Ask about less text, send fewer or smaller images, or start a new thread.",
                http_status=status,
            )
        case int() if 400 <= status < 500:
            return BadRequest(
                _told(sentence, f"refused the request ({status})"),
                hint="`codex-ls doctor` looks closer at this profile.",
                http_status=status,
            )
        case int() if 300 <= status < 400:
            return BadRequest(
                f"The model server sent the request elsewhere ({status}); nothing follows a redirect.",
                hint="Put the final address into base_url: `codex-ls doctor` shows it.",
                http_status=status,
            )
        case _:
            if status == 502 and not sentence:
                return ServerError(
                    "The server there reaches no model server behind it (502).",
                    hint="Start the model server behind it.",
                    http_status=status,
                )
            fallback = f"failed ({status})" if status else "failed"
            return ServerError(
                _told(sentence, fallback),
                hint="Look at the model server's own log, or ask again.",
                http_status=status,
            )


def _told(sentence: str, otherwise: str = "reported an error") -> str:
    """One line: the server's own sentence, or ours if it had none."""
    clean = " ".join(sanitize(redact(sentence)).split())[:_MAX_SENTENCE]
    return f"{TOLD}{clean}" if clean else f"The model server {otherwise}."


def _sentence(source: Any) -> str:
    """The human part of an error value of any shape."""
    if isinstance(source, str):
        nested = parse_json(source) if source[:1] == "{" else None
        return _sentence(nested) if isinstance(nested, dict) else source
    if isinstance(source, list):
        return "; ".join(filter(None, (_sentence(item) for item in source[:3])))
    if not isinstance(source, dict):
        return ""
    metadata = source.get("metadata")
    if isinstance(metadata, dict) and isinstance(metadata.get("raw"), str) and metadata["raw"]:
        return _sentence(metadata["raw"])  # OpenRouter's "Provider returned error"
    for key in ("message", "error", "detail", "msg", "error_message", "title", "status_msg"):
        if sentence := _sentence(source.get(key)):
            return sentence
    return ""


def _words(source: Any) -> str:
    if not isinstance(source, dict):
        return ""
    return " ".join(str(source.get(key, "")) for key in ("code", "type", "status"))


def _status_of(error: Any, value: Mapping[str, Any]) -> int | None:
    for source in (error, value):
        if not isinstance(source, dict):
            continue
        for key in ("code", "status", "status_code", "http_code", "statusCode"):
            code = source.get(key)
            if isinstance(code, str) and code.isdecimal() and len(code) == 3:
                code = int(code)
            if isinstance(code, int) and 300 <= code <= 599:
                return code
    words = _words(error).lower()
    if any(word in words for word in ("rate_limit", "resource_exhausted", "insufficient_quota")):
        return 429
    if "authentication" in words or "invalid_api_key" in words:
        return 401
    if "not_found" in words:
        return 404
    if "invalid_request" in words:
        return 400
    return None


def _overflow_hint(sentence: str, source: Any) -> str:
    prompt, window = _overflow_numbers(sentence, source)
    way_out = f"Ask about less text, start a new thread, or {ContextOverflow.MORE_ROOM}."
    if prompt and window:
        return f"The prompt has {prompt} tokens, the model's window {window}. {way_out}"
    return way_out


def _overflow_numbers(sentence: str, source: Any) -> tuple[int | None, int | None]:
    if isinstance(source, dict):
        prompt, window = source.get("n_prompt_tokens"), source.get("n_ctx")
        if isinstance(prompt, int) and isinstance(window, int):
            return prompt, window
    if match := _PROMPT_THEN_WINDOW.search(sentence) or _KEEP_THEN_WINDOW.search(sentence):
        return _int(match[1]), _int(match[2])
    if match := _WINDOW_THEN_PROMPT.search(sentence):
        prompt = _IN_MESSAGES.search(sentence)
        return _int(prompt[1] if prompt else match[2]), _int(match[1])
    return None, None


def _int(digits: str) -> int:
    return int(digits.replace(",", "").replace("_", ""))
