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
from codex_ls.wire.json_text import parse_json

TOLD = "The model server says: "
"""How the sentence of a server begins when it is handed on."""
_MAX_SENTENCE = 600
_MAX_PARAMETER = 100
_QUOTED_CHARS = 200
_READ_TO_QUOTE = 2_048
"""More than is quoted, so that a key at its end is seen whole."""
_COMMENTS = r"(?:[ \t]*(?::[^\r\n]*)?(?:\r\n|\r|\n))+"

# Patterns are text, compiled by `re` when they are first used: few answers are errors.
# How servers say that a prompt does not fit: OpenAI, llama.cpp, LM Studio, vLLM, SGLang, Ollama,
# OpenRouter, Groq, Mistral, xAI, Google, Anthropic-like gateways, GitHub Models, MiniMax, Kimi.
_OVERFLOW = r"""(?ix)context[_ ]length[_ ]exceeded
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
    | context\ (length|window)\ (is|was)\ (only|exceeded|reached)
    | context\ (length|window)?\ ?overflow | reached\ context\ length\ of
    | exceeds?\ (the\ )?(max(imum)?|allowed)\ (allowed\ )?(input\ |model\ |sequence\ |prompt\ )?length
    | exceeds?\ (the\ )?max_(model_len|seq_len|num_tokens|input_len|position_embeddings|total_tokens)
    | (longer|greater|larger|bigger)\ than\ (the\ )?(max|maximum)[_ ]?(model|seq|sequence|input|context)
    | exceeds?\ (the\ )?(kv\ )?cache\ size | too\ big\ compared\ to\ kv\ size
    | input\ is\ too\ large\ to\ process
    | input\ tokens\ exceed | number\ of\ input\ tokens\ exceeds
    | `?inputs`?\ (tokens\ \+|must\ have\ less\ than)
    | range\ of\ input\ length\ should\ be
    | (prompt|input|message|conversation|query)s?\ (was|were)\ too\ long
    | (prompt|input|message)s?\ exceeds?\ (the\ )?(max(imum)?\ |token\ )?(length|limit|size)
    | requested\ tokens?\ .{0,20}exceed | too\ long\ for\ (the\ )?(model|context)
    | 超[过出].{0,12}(上下文|最大长度|长度限制) | 输入.{0,8}过长
    | model_max_prompt_tokens_exceeded
    | request_too_large
    """
_OUTPUT_LIMIT = (
    r"(?i)max_(completion_|output_)?tokens\b.{0,60}"
    r"(too (large|big|high)|at most \d|less than or equal|must be (less|<)|maximum (allowed|value))"
)
"""How servers refuse the limit on output tokens; the prompt may fit very well."""
_NUMBER = r"(\d[\d,_]*)"
_PROMPT_THEN_WINDOW = rf"\({_NUMBER} tokens\) exceeds .*?\({_NUMBER} tokens\)"  # llama.cpp
_KEEP_THEN_WINDOW = (  # LM Studio, word for word
    rf"keep the first {_NUMBER} tokens .*?context length of only {_NUMBER} tokens"
)
_WINDOW_THEN_PROMPT = (  # OpenAI, vLLM
    rf"maximum context length is {_NUMBER} tokens.*?(?:requested|resulted in|has) {_NUMBER}"
)
_IN_MESSAGES = rf"\({_NUMBER} in the messages"  # of what is requested, the prompt's part
_KEY = r"(?i)\b(sk|key|tok|pk|gsk|xai|hf|nvapi|AIza)[-_][\w.*-]{6,}|\bBearer\s+\S+"

_KEY_FIELD = r"""(?ix)
    (["']?\b(?:api[-_ ]?key|authorization|(?:access|auth|bearer)[-_ ]?token|secret|password)\b
    ["']?\s*[:=]\s*["']?)[^\s"',;}]{4,}"""


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


def said(sentence: str) -> ProviderError:
    """The error of a server that said nothing but a sentence."""
    return _classify(None, sentence, sentence)


def not_an_answer(begun: bytes | str) -> ProviderError:
    """The error of a 200 that is no answer of a model: text, a page, JSON of something else.

    `begun` is its beginning, some kilobytes at most; blank lines and comments in front are left out.
    """
    text = _without_comments(begun)
    if text[:1] == "<":
        what = "The server returned a web page instead of a model's answer."
    else:
        what = f"The response is not a model's answer; it begins with: {quoted(text)}"
    return StreamBroken(
        what,
        hint="Check base_url (most servers expect it to end in /v1) and wire_api.",
        passing=False,
        misread=True,
    )


def has_content(begun: bytes) -> bool:
    """Whether there is more in the beginning of a stream than blank lines and comments."""
    return bool(_without_comments(begun))


def quoted(text: str) -> str:
    """The first 200 characters as one line, without keys and safe to show."""
    return " ".join(sanitize(redact(text[:_READ_TO_QUOTE])).split())[:_QUOTED_CHARS]


def _without_comments(begun: bytes | str) -> str:
    text = begun.decode("utf-8", "replace") if isinstance(begun, bytes) else begun
    text = text.removeprefix("\ufeff")
    comments = re.match(_COMMENTS, text)
    return (text[comments.end() :] if comments else text).strip()


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
    return re.sub(_KEY_FIELD, r"\1[key]", re.sub(_KEY, "[key]", text))


def _classify(status: int | None, sentence: str, source: Any) -> ProviderError:
    error = _classified(status, sentence, source)
    error.parameter = _parameter_of(source)
    return error


def _parameter_of(source: Any) -> str | None:
    """The parameter that an error is about: OpenAI's `param`, or the `loc` of FastAPI's validation."""
    if isinstance(source, list):
        return next(filter(None, map(_parameter_of, source[:3])), None)
    if not isinstance(source, dict):
        return None
    if isinstance(param := source.get("param"), str) and param:
        return param[:_MAX_PARAMETER]
    location = source.get("loc")
    if isinstance(location, list):
        keys = [key for key in location if isinstance(key, str) and key != "body"]
        return keys[0][:_MAX_PARAMETER] if keys else None
    return next(filter(None, (_parameter_of(source.get(k)) for k in ("error", "detail"))), None)


def _classified(status: int | None, sentence: str, source: Any) -> ProviderError:
    words = f"{sentence} {_words(source)}"
    if status not in (401, 403, 429) and re.search(_OUTPUT_LIMIT, sentence):
        return BadRequest(
            _told(sentence),
            hint="Lower model_max_output_tokens, or leave it out.",
            http_status=status,
        )
    if re.search(_OVERFLOW, words) and status not in (401, 403, 429):
        return ContextOverflow(
            _told(sentence), hint=_overflow_hint(sentence, source), http_status=status
        )
    match status:
        case 401 | 403:
            return Unauthorized(
                _told(
                    sentence, "rejected the API key" if status == 401 else "refused access (403)"
                ),
                hint="Check the key: the environment variable that env_key names in config.toml.",
                http_status=status,
            )
        case 404:
            return NotFound(
                _told(sentence, "has no such model or path"),
                hint="Check the model's name and base_url in config.toml.",
                http_status=status,
            )
        case 408 | 504:
            return TimedOut(_told(sentence, "timed out"), hint="Ask again.", http_status=status)
        case 429:
            return RateLimited(
                _told(sentence, "is getting too many requests"),
                hint="Wait and try again, or use another profile.",
                http_status=status,
            )
        case 407:
            return BadRequest(
                "The proxy requires authentication (407).",
                hint="Put user name and password into the proxy variable: http://NAME:PASSWORD@HOST:PORT",
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
                hint="Run `codex-ls doctor` to check this profile.",
                http_status=status,
            )
        case int() if 300 <= status < 400:
            return BadRequest(
                f"The model server redirects ({status}); redirects are not followed.",
                hint="Put the final address into base_url: `codex-ls doctor` shows it.",
                http_status=status,
            )
        case _:
            if status == 502 and not sentence:
                return ServerError(
                    "The gateway cannot reach the model server behind it (502).",
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
    if match := re.search(_PROMPT_THEN_WINDOW, sentence) or re.search(_KEEP_THEN_WINDOW, sentence):
        return _int(match[1]), _int(match[2])
    if match := re.search(_WINDOW_THEN_PROMPT, sentence):
        prompt = re.search(_IN_MESSAGES, sentence)
        return _int(prompt[1] if prompt else match[2]), _int(match[1])
    return None, None


def _int(digits: str) -> int:
    return int(digits.replace(",", "").replace("_", ""))
