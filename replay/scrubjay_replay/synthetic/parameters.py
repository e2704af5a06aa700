"""Parameters of workloads: what they mean, what is allowed, and how people write them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from scrubjay_replay import units
from scrubjay_replay.errors import UseError

Value = str | int | float

NUMBER = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*([a-z%]*)", re.ASCII)
THOUSANDS: Mapping[str, float] = {"": 1, "k": 1e3, "m": 1e6, "g": 1e9}
BYTES: Mapping[str, float] = {
    "": 1,
    "b": 1,
    **{f"{step}b": 1000**power for power, step in enumerate("kmgt", 1)},
    **{f"{step}ib": 1024**power for power, step in enumerate("kmgt", 1)},
}
RATIO: Mapping[str, float] = {"": 1, "%": 0.01}


def measured(text: str, steps: Mapping[str, float], example: str) -> float:
    """The number in `text` in its unit; ValueError says what would have been one."""
    match = NUMBER.fullmatch(text.strip().lower())
    if not match or match[2] not in steps:
        raise ValueError(f"write it like {example}")
    return float(match[1]) * steps[match[2]]


def count(text: str) -> float:
    value = round(measured(text, THOUSANDS, "5000, 10k or 1M"), 6)
    if value != int(value):
        raise ValueError("it must be a whole number")
    return int(value)


def number(text: str) -> float:
    return measured(text, {"": 1}, "0.9")


def share(text: str) -> float:
    return measured(text, RATIO, "0.3 or 30%")


def size(text: str) -> float:
    """Bytes of 512, 4KiB or 1.5MB."""
    return measured(text, BYTES, "512, 4KiB or 1.5MB")


def seconds(text: str) -> float:
    try:
        return units.duration(text, "")
    except UseError as error:
        raise ValueError("write it like 250ms, 30s, 10m, 1h or 1d") from error


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number of a workload, between `least` and `most`."""

    name: str
    read: Callable[[str], float]
    default: Value
    meaning: str
    least: float = 0
    most: float = 1
    above: bool = False  # `least` itself is not allowed

    @property
    def option(self) -> str:
        return f"--{self.name.replace('_', '-')}"

    @property
    def allowed(self) -> str:
        """The range in words."""
        low, high = f"{self.least:,}", f"{self.most:,}"
        return f"above {low}, at most {high}" if self.above else f"{low} to {high}"

    def value(self, given: Value) -> Any:
        """The number given; UseError when it is none or not allowed."""
        try:
            found = self.read(str(given))
        except ValueError as error:
            raise self.refusal(given, f"{self.meaning}: {error}, {self.allowed}") from error
        if not self.least <= found <= self.most or (self.above and found == self.least):
            raise self.refusal(given, f"Allowed is {self.allowed} ({self.meaning}).")
        return found

    def refusal(self, given: Value, hint: str) -> UseError:
        return UseError(f"{self.option} is {str(given)!r}", hint=hint)

    def by_default(self, default: Value) -> Parameter:
        return replace(self, default=default)


def shown(value: object) -> str:
    """A number as it can be read again, without a needless .0."""
    if isinstance(value, float) and math.isfinite(value) and value == int(value):
        return str(int(value))
    return str(value)


MOST_ROWS = 100_000_000
SPAN = 100 * 365 * 86400.0  # seconds, the longest trace

OBJECTS = Parameter("objects", count, "100k", "objects in the catalogue", 1, MOST_ROWS)
ALPHA = Parameter("alpha", number, "0.9", "exponent of the Zipf law, 0: all alike", 0, 5)
SHARE = Parameter("share", share, "20%", "part of the requests that this traffic makes up")
LENGTH = Parameter("length", count, "10k", "objects in one pass", 1, MOST_ROWS)

# Every workload has these.
GENERAL = (
    Parameter("requests", count, "1M", "rows that are requests; changes are more", 1, MOST_ROWS),
    Parameter("seed", count, "0", "of every draw", 0, 2**53),
    Parameter("rate", number, "100", "requests a second, on average", 0, 1e6, above=True),
    Parameter("swing", share, "0", "how far the rate rises and falls over a day"),
    Parameter("day", seconds, "24h", "length of a day", 1, SPAN),
)
