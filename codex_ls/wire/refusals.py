"""What a refusal refuses: a parameter, the system role, streaming, for now, or the prompt's length.

Servers say it in sentences of their own; these are the forms of OpenAI, Azure, Anthropic-like gateways,
Google, Mistral, llama.cpp, vLLM, SGLang, LM Studio, Ollama, LiteLLM and FastAPI's validation. A sentence
about a parameter's value ("must be between 0 and 2") is the user's to change, and no refusal of the
parameter.
"""

import re
from collections.abc import Mapping, Set

from codex_ls.errors import ContextOverflow, ProviderError, RateLimited, Unauthorized
from codex_ls.events import Effort

# Patterns are text here, and compiled by `re` when they are first used: few turns are refused, and
# compiling all of them takes 10 ms of every start.
_REFUSING = frozenset({400, 404, 405, 422, 500, 501})
_WORDS = (
    r"(?i)support|unknown|unrecogni|extra|invalid|not permitted|unexpected|not allowed|not accept"
    r"|not available|not enabled|not implemented|deprecated|incompatible|cannot both|can't both"
    r"|does not expose"  # LM Studio, of a model that can't be told how much to think
)
_VALUE = (
    r"(?i)too (large|big|high|small|low|long)|out of range|at (most|least) \d|less than|greater than"
    r"|must be (between|in|a |an |of|one of|<|>|≤|≥|\d)|should be (between|in |less|greater|a |an |<|>)"
    r"|value error|not a valid (integer|number|float)"
)
_ONLY_DEFAULT = r"(?i)only the default|does not support [\d.]+"
_COMMON_WORDS = frozenset(
    {
        "include",
        "store",
        "seed",
        "think",
        "thinking",
        "stream",
        "instructions",
        "reasoning",
        "effort",
    }
)

_SYSTEM = r"""(?ix)system[_ ]?(role|message|prompt|instruction)s?\b.{0,60}?
        (\b(not|never|no\ longer)\b.{0,25}\b(support|allow|enabl|permit|accept|valid|available|implement)
        |unsupported|disallowed)
    | (\bnot|n't|\bcannot)\b.{0,25}\b(support|allow|accept|permit|handle|have|take)\w*\b.{0,40}\bsystem\b
    | \b(unsupported|invalid|unknown|unexpected|unrecogni[sz]ed|illegal)\b
        .{0,40}\brole\b.{0,40}\bsystem\b
    | \brole\b.{0,40}\bsystem\b.{0,60}(\bnot\b|unsupported|invalid|unknown|unexpected|unrecogni)
    | ['"`]system['"`]\ (is\ not|is\ an?\ (unsupported|invalid|unknown)|not\ (in|one|allowed|supported))
    | input\ tag\ ['"]?system['"]?\ found
    | input\ should\ be\ ['"]?(user|assistant)
    | only\ ['"]?user['"]?(\ and|,|\ or)\ .{0,40}\brole
    | roles?\ must\ alternate
    | developer\ (role|message|instruction)s?\b.{0,60}\bnot\b.{0,20}(support|enabl|allow|permit)
    | (unrecogni[sz]ed|unknown|unsupported|invalid|extra)\b
        .{0,60}(\bsystem_prompt\b|['"`]instructions['"`])
    | ['"`]?instructions['"`]?\ (is|are)\ not\ (supported|allowed)
    """
_STREAMING = (
    r"(?i)(must be verified|is not verified|verif\w+).{0,40}\bstream"
    r"|stream(ing|ed)?\b( \w+)? (is|are) (not|un)\s?(support|allow|available|enabl|implement)"
    r"|(not|n't) support stream(ing|ed)?\b|unsupported.{0,20}['\"`]stream['\"`]"
    r"|['\"`]stream['\"`]?.{0,30}(does not support|unsupported|not supported)"
)
_TOOLS = (
    r"(?i)(?<![\w-])(tools?|tool[_ -](use|calls?|calling|choice)|function[_ -]?call(s|ing)?)\b"
    r".{0,80}\b(support|requires?|not|unknown|unrecogni|unexpected|extra|permitted|disabled)"
    r"|\b(support|unknown|unrecogni|unexpected|extra|permitted|not)\w*\b.{0,80}"
    r"(?<![\w-])(tools?|tool[_ -](use|calls?|calling|choice)|function[_ -]?call(s|ing)?)\b"
)
_LOADING = (
    r"(?i)(?<!error )(?<!failed )(?<!while )(?<!when )(?<!fail )\bloading (the )?model\b"
    r"|\b(is|are|still|currently|now|being) (still |currently |now |being )?(loading|loaded in)\b"
    r"|\bbeing loaded\b|\b(still|currently) being loaded\b|\bnot (yet|fully) (loaded|ready)\b"
    r"|\bnot (loaded|ready) yet\b|model (is |server is )?(not ready|warming up|initiali[sz]ing|starting)"
    r"|(server|engine) is (still )?(starting|loading|initiali[sz]ing|warming up)"
)
_LOADING_STATUSES = frozenset({400, 404, 409, 423, 424, 425, 429, 500, 502, 503})
_PASSING = (
    r"(?i)(model|server|engine|service|backend|upstream)\b.{0,40}\b(busy|overloaded|at capacity)\b"
    r"|try again (later|shortly|soon|in (a|\d))|please (try again|retry)[.!]?$"
    r"|retry (later|shortly|after|in (a|\d))|temporarily (unavailable|overloaded|out of)"
    r"|no (available|free|healthy|idle) (worker|slot|instance|server|backend|upstream|deployment)"
    r"|no (worker|slot|instance|server|backend)s? (is |are )?(currently )?available"
    r"|queue is full|too many (concurrent|pending|parallel)|maximum pending requests"
)
_PASSING_STATUSES = frozenset({400, 404, 409, 422, 423, 424, 425})
_FINAL = (
    r"(?i)jinja|chat[_ ]template|template[_ ]?error|raise_exception|roles? must alternate"
    r"|unsupported (parameter|value|field|role)|unknown (parameter|field|argument|role)"
    r"|unrecogni[sz]ed (request )?(argument|parameter|field|key)"
    r"|invalid (parameter|argument|request|value|type)\b|extra inputs are not permitted"
    r"|(is|are) not supported|does(n't| not) support|validation error"
)

EFFORT_FIELDS = (
    "reasoning_effort",
    "reasoning",
    "chat_template_kwargs",
    "enable_thinking",
    "thinking_budget",
    "thinking",
    "think",
    "effort",
)
"""Names by which a server may refuse the effort."""
_EFFORT_VALUE = (
    r"(?i)must be (one of|set to)|should be (one of )?['\"`]|mandatory"
    r"|(cannot|can't) be (disabled|turned)|must be (enabled|disabled)|only (true|false|'on'|'off')"
)
_EFFORT_LIST = (
    r"(?i)(supported|allowed|valid|available|possible) (values|settings|options|efforts|levels)( are)?:?"
    r"|(must|should) be (one of|either)?|expected one of:?"
)
_EFFORT_RANKS: Mapping[str, int] = {
    "none": 0,
    "off": 0,
    "minimal": 1,
    "low": 2,
    "medium": 3,
    "on": 3,
    "high": 4,
    "xhigh": 5,
}


def refuses(error: ProviderError, *names: str) -> bool:
    """Whether the server refused a request because of one of these fields."""
    text = error.message.lower()
    return error.http_status in _REFUSING and bool(
        any(name in text for name in names) and re.search(_WORDS, text)
    )


def refuses_effort(error: ProviderError) -> bool:
    """Whether the server refused how much to think: the key, or the value that it had."""
    if refuses(error, *EFFORT_FIELDS):
        return True
    text = error.message
    names = error.parameter in EFFORT_FIELDS or any(name in text.lower() for name in EFFORT_FIELDS)
    return error.http_status in _REFUSING and names and re.search(_EFFORT_VALUE, text) is not None


def nearest_effort(error: ProviderError, effort: Effort, *, tried: Set[str]) -> str | None:
    """The setting that comes next to `effort`, of those that the refusal of another lists.

    LM Studio: "Supported settings: 'on', 'off'."; OpenAI: "Supported values are: 'low', and 'high'.";
    FastAPI: "Input should be 'low', 'medium' or 'high'". None if it lists none that will do.
    """
    listed = re.search(_EFFORT_LIST, error.message)
    if listed is None:
        return None
    found = re.findall(r"\b[a-z]+\b", error.message[listed.end() :].split(". ")[0].lower())
    names = [name for name in found if name in _EFFORT_RANKS and name not in tried]
    wanted = _EFFORT_RANKS[effort]
    if wanted == 0:
        fits = [name for name in names if _EFFORT_RANKS[name] <= _EFFORT_RANKS["low"]]
    else:
        fits = [name for name in names if _EFFORT_RANKS[name] > 0]
    return min(fits, key=lambda name: abs(_EFFORT_RANKS[name] - wanted), default=None)


def refuses_parameter(error: ProviderError, name: str) -> bool:
    """Whether the server refused a request because it does not take this parameter at all.

    `name` is the key in the body. False for a complaint about the value.
    """
    if error.http_status not in _REFUSING or not _names(error, name):
        return False
    text = error.message
    if re.search(_VALUE, text) and not re.search(_ONLY_DEFAULT, text):
        return False
    return error.parameter == name or re.search(_WORDS, text) is not None


def refuses_system_role(error: ProviderError) -> bool:
    """Whether the server, or its model's chat template, takes no system message."""
    if isinstance(error, ContextOverflow | RateLimited | Unauthorized):
        return False
    return re.search(_SYSTEM, error.message) is not None


def refuses_streaming(error: ProviderError) -> bool:
    """Whether the server answers this model only whole."""
    if error.http_status not in _REFUSING | {403}:
        return False
    return error.parameter == "stream" or re.search(_STREAMING, error.message) is not None


def refuses_tools(error: ProviderError) -> bool:
    """Whether the server, or its model's chat template, takes no tools.

    Ollama: "X does not support tools"; vLLM: '"auto" tool choice requires --enable-auto-tool-choice';
    llama.cpp: "tools param requires --jinja flag"; OpenRouter: "No endpoints ... support tool use".
    """
    if error.http_status not in _REFUSING:
        return False
    return error.parameter == "tools" or re.search(_TOOLS, error.message) is not None


def is_loading(error: ProviderError) -> bool:
    """Whether the server says that it is still loading its model, in whatever status."""
    if error.http_status == 503 and "loading" in error.message.lower():
        return "error loading" not in error.message.lower()
    return error.http_status in _LOADING_STATUSES and re.search(_LOADING, error.message) is not None


def is_passing(error: ProviderError) -> bool:
    """Whether a 4xx says that the same request may work in a moment."""
    return error.http_status in _PASSING_STATUSES and re.search(_PASSING, error.message) is not None


def is_final(error: ProviderError) -> bool:
    """Whether a 5xx says that the same request will never work: a template or a parameter refuses it."""
    return (
        re.search(_FINAL, error.message) is not None and re.search(_PASSING, error.message) is None
    )


def _names(error: ProviderError, name: str) -> bool:
    """Whether a sentence speaks of this parameter, rather than using a common word."""
    if error.parameter is not None and error.parameter.split(".")[0] == name:
        return True
    word = re.escape(name)
    if name in _COMMON_WORDS:
        quoted = rf"['\"`]{word}['\"`.\[]"
        after = rf"(parameter|argument|field|property|input|option|key)s?( (named|supplied))?:? {word}\b"
        before = (
            rf"(^|[ .:]){word}: (extra|unknown|not|unsupported)|\b{word} (parameter|field|argument)"
        )
        return re.search(f"{quoted}|{after}|{before}", error.message, re.IGNORECASE) is not None
    return re.search(rf"(?<![\w]){word}(?![\w])", error.message, re.IGNORECASE) is not None
