"""Numbers that servers tell: token counts in JSON, and gauges of `/metrics`.

That page is the text format of Prometheus, version 0.0.4. A line is `name{label="value",...} number`,
the braces only where there are labels. A server that has several engines writes a line for each; a
gateway writes one for each model behind it.
"""

import re
from collections.abc import Mapping
from typing import Any

_WINDOW_KEYS = ("max_model_len", "context_length", "context_window")
"""vLLM and SGLang; several gateways; Groq. What a model was started with goes before its most."""
_LABEL = r'\b(\w+)="((?:[^"\\]|\\.)*)"'


def gauge(text: str, name: str, model: str) -> int | None:
    """The sum of a gauge's lines, as a whole number; None if there are none.

    Where lines name models (`model_name`), those of `model` count; a server of a single model may
    call it otherwise, so all count if they name one model only.
    """
    sums: dict[str, float] = {}
    for line in re.finditer(
        rf"^{re.escape(name)}(\{{.{{,2000}}\}})?[ \t]+(\S+)", text, re.MULTILINE
    ):
        value = _number(line[2])
        if value is not None:
            of_model = dict(re.findall(_LABEL, line[1] or "")).get("model_name", "")
            sums[of_model] = sums.get(of_model, 0.0) + value
    if model not in sums and len(sums) != 1:
        return None
    return round(sums[model] if model in sums else sums.popitem()[1])


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value < 1e9 else None  # neither NaN nor +Inf


def listed_window(entry: Mapping[str, Any]) -> int | None:
    """The tokens that a listed model may have; None where its server does not tell."""
    return next(filter(None, (token_count(entry.get(key)) for key in _WINDOW_KEYS)), None)


def token_count(value: object) -> int | None:
    """A number from 1; None for everything else."""
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    return None
