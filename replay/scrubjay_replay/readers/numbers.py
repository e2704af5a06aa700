"""Numbers in a trace: parsed strictly, refused with what was there."""

from __future__ import annotations

import math
from datetime import UTC, datetime

LARGEST_SIZE = 1 << 53  # bytes; a larger one is a mistake, and no float64 counts beyond
LONGEST_TIME = 1e30  # seconds, well inside float32


def size(text: bytes) -> int:
    """A whole number of bytes."""
    if not text.isdigit():
        raise ValueError(f"size is {shown(text)}, not a whole number of bytes")
    value = int(text.lstrip(b"0")[:20] or b"0")
    if value > LARGEST_SIZE:
        raise ValueError(f"size is {shown(text)}, more than 2^53 bytes")
    return value


def seconds(text: bytes, what: str) -> float:
    """A duration in seconds; nothing there means unknown (nan)."""
    if not text.strip():
        return math.nan
    value = _float(text)
    if value is None or not 0 <= value < LONGEST_TIME:
        raise ValueError(f"{what} is {shown(text)}, not a duration")
    return value


def moment(text: bytes) -> float:
    """A point in time: seconds from any origin, or an ISO 8601 date."""
    value = _float(text)
    if value is None:
        value = _iso(text)
    if value is None or not abs(value) < LONGEST_TIME:
        raise ValueError(f"time is {shown(text)}, neither seconds nor an ISO 8601 date")
    return value


def shown(text: bytes) -> str:
    """A field as an error message may show it: short, and nothing a terminal obeys."""
    return repr(text[:40].decode("utf-8", "replace"))


def _float(text: bytes) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _iso(text: bytes) -> float | None:
    try:
        date = datetime.fromisoformat(text.decode("ascii").strip())
    except ValueError:
        return None
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
