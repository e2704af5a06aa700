"""What is wrong with a setting, in one line: key, value, where it came from, what is allowed."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Sequence
from typing import Any

from pydantic_core import ErrorDetails

from scrubjay_proxy.store_url import MASK, without_password

SECRETS = frozenset({"control.token"})
URLS = frozenset({"cache.store"})  # may hold a password
LONGEST_VALUE = 80


def dotted(path: Sequence[int | str]) -> str:
    """`("routes", 0, "host")` as people write it: `routes[0].host`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def unsecret(key: str, value: Any) -> Any:
    """The value of a setting, what is secret of it masked."""
    if key in URLS and isinstance(value, str):
        return without_password(value)
    return MASK if key in SECRETS and value else value


def shown(key: str, value: object) -> str:
    if key in SECRETS:
        return "(hidden)"
    text = json.dumps(unsecret(key, value), default=str)
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"


def nearest(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    meant = f"did you mean {close[0]}? " if close else ""
    return f"{meant}allowed here: {', '.join(known)}"


def explain(
    error: ErrorDetails,
    *,
    source_of: Callable[[str], str],
    keys_beside: Callable[[Sequence[int | str]], Sequence[str]],
) -> str:
    """One line for one of pydantic's findings."""
    path, key = error["loc"], dotted(error["loc"])
    origin = source_of(key)
    match error["type"]:
        case "extra_forbidden":
            return f"{key} ({origin}) is not a setting; {nearest(str(path[-1]), keys_beside(path))}"
        case "missing":
            return f"{key} is missing"
        case "model_type" | "model_attributes_type":
            got = shown(key, error["input"])
            return f"{key} = {got} ({origin}) is not allowed; allowed: a table of settings"
        case "value_error" if isinstance(error["input"], dict):
            return f"[{key}] {reason(error)}"
        case _:
            got = shown(key, error["input"])
            return f"{key} = {got} ({origin}) is not allowed; allowed: {reason(error)}"


def reason(error: ErrorDetails) -> str:
    raised = error.get("ctx", {}).get("error")
    return str(raised) if raised else error["msg"].removeprefix("Input should be ")
