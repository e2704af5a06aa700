"""Access logs of one JSON object a line: how one is read, and what its fields may hold."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import msgspec

from scrubjay_replay.readers import commonlog, numbers
from scrubjay_replay.readers.accesslog import UNKNOWN

Fields = Mapping[str, Any]
MILLISECONDS = 1e11  # a unix time beyond it (the year 5138) is in milliseconds


def fields(line: bytes) -> Fields:
    """The object in one line; bytes that are no UTF-8 stay different from each other."""
    try:
        found = msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        found = _not_quite_utf8(line)
    if not isinstance(found, dict):
        raise ValueError(f"no JSON object: {numbers.shown(line)}")  # noqa: TRY004 (a bad line)
    return found


def _not_quite_utf8(line: bytes) -> object:
    try:
        return json.loads(line.decode("utf-8", "surrogateescape"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"no JSON: {numbers.shown(line)}") from error


def text(value: object) -> bytes:
    """A field as bytes; what is there in no text, is as JSON has it."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape")
    return b"" if value is None else str(value).encode()


def moment(value: object) -> float:
    """Unix seconds of a number, ISO 8601 or a log's date."""
    written = text(value)
    try:
        at = numbers.moment(written)
    except ValueError:
        at = commonlog.moment(written)
    return at / 1000 if at > MILLISECONDS else at


def status(value: object) -> int:
    """Three digits; 000 is no answer."""
    written = text(value)
    if not (written.isdigit() and len(written) <= 3):
        raise ValueError(f"status is {numbers.shown(written)}")
    return int(written)


def size(value: object) -> int:
    """Bytes; `-` and nothing are unknown."""
    written = text(value).strip()
    return UNKNOWN if written in {b"", b"-"} else numbers.size(written)


def seconds(value: object) -> float:
    """A duration, the sum of several (`0.010, 0.020 : 0.001`); nan if there is none."""
    parts = text(value).replace(b":", b",").split(b",")
    known = [numbers.seconds(part, "the origin's time") for part in parts if part.strip() != b"-"]
    known = [part for part in known if not math.isnan(part)]
    return sum(known) if known else math.nan
