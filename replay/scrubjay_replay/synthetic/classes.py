"""What belongs to an object, drawn from a mixture of classes: its size, lifetime or cost.

A mixture is written `VALUE:WEIGHT,...`, where a value may be `lognormal:MEDIAN:SIGMA` or
`pareto:LEAST:ALPHA`; some mixtures have names.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from scrubjay_replay.errors import UseError
from scrubjay_replay.synthetic.draws import Draws
from scrubjay_replay.synthetic.parameters import number, seconds, share, size

SHAPES = ("lognormal", "pareto")
LONGEST_TAIL = 1000.0  # times the least, where a Pareto class is cut off
PIECE = 1 << 16  # values made at once where Python's own floats are needed


@dataclass(frozen=True, slots=True)
class Class:
    """A part of the objects: all alike, lognormal around a median, or Pareto from a least."""

    value: float
    weight: float
    shape: str = "constant"
    spread: float = 0.0

    def at(self, quantile: NDArray[np.float64]) -> NDArray[np.float64]:
        """The inverse of the distribution function."""
        times = np.ones(len(quantile))
        if self.shape == "lognormal":
            times = np.exp(self.spread * normal(quantile))
        elif self.shape == "pareto":
            within = 1 - LONGEST_TAIL**-self.spread
            times = (1 - quantile * within) ** (-1 / self.spread)
        return self.value * times


@dataclass(frozen=True, slots=True)
class Kind:
    """A property of objects: how its values are written, what is allowed, which have names."""

    option: str
    read: Callable[[str], float]
    named: Mapping[str, str]
    least: float
    most: float
    example: str
    optional: bool = True  # whether an object may be without it

    def classes(self, text: str) -> tuple[Class, ...]:
        """The mixture that `text` names or writes; UseError says which part is wrong."""
        return tuple(self._class(item, text) for item in self.spelled(text).split(","))

    def spelled(self, text: str) -> str:
        """A name as the mixture that it stands for."""
        return self.named.get(text.strip().lower(), text)

    def _class(self, item: str, text: str) -> Class:
        try:
            return self._read(item.strip().lower().split(":"))
        except ValueError as error:
            where = "" if item == text else f" (in {text!r})"
            named = f", or {' or '.join(self.named)}" if self.named else ""
            raise UseError(
                f"{self.option} is {item!r}{where}: {error}",
                hint=f"Write VALUE:WEIGHT,... like {self.example}{named}.",
            ) from error

    def _read(self, words: list[str]) -> Class:
        shape = words.pop(0) if words[0] in SHAPES else "constant"
        if not words or not words[0]:
            raise ValueError("there is no value")
        value = self._value(words.pop(0))
        spread = 0.0
        if shape != "constant":
            if not words:
                raise ValueError(f"{shape} needs a value and a {_spread(shape)}")
            spread = number(words.pop(0))
            if not 0.05 <= spread <= 5:
                raise ValueError(f"{_spread(shape)} is {spread:g}, allowed is 0.05 to 5")
        weight = share(words.pop(0)) if words else 1.0
        if words or not weight > 0:
            raise ValueError("after the value comes one weight, more than 0")
        return Class(value, weight, shape, spread)

    def _value(self, text: str) -> float:
        if text == "none" and self.optional:
            return math.nan
        value = self.read(text)
        if not self.least <= value <= self.most:
            raise ValueError(f"{text} is not between {self.least:g} and {self.most:g}")
        return value


def _spread(shape: str) -> str:
    return "sigma" if shape == "lognormal" else "alpha"


LARGEST = float(1 << 40)  # bytes
SIZES = Kind(
    "--sizes",
    size,
    {
        "unit": "1",
        # Pages, images, downloads.
        "web": "lognormal:6KiB:1.3:0.55,lognormal:16KiB:1.2:0.42,pareto:256KiB:1.1:0.03",
    },
    1,
    LARGEST,
    "4KiB:0.9,1MiB:0.1 or lognormal:8KiB:1.3",
    optional=False,
)
TTL = Kind(
    "--ttl",
    seconds,
    {"none": "none", "classes": "60s:0.2,5m:0.15,1h:0.25,1d:0.25,1y:0.15"},
    0,
    1e9,
    "60s:0.3,1d:0.7",
)
COST = Kind(
    "--cost",
    seconds,
    {
        "none": "none",
        # Files and caches, applications, searches and reports.
        "classes": "lognormal:5ms:0.3:0.5,lognormal:50ms:0.5:0.35,lognormal:800ms:0.6:0.15",
    },
    0,
    3600,
    "20ms:0.8,500ms:0.2",
)


def drawn(classes: tuple[Class, ...], draws: Draws, objects: int) -> NDArray[np.float64]:
    """One value an object; the first ones stay when there are more objects."""
    which = chosen(classes, draws.of(0), objects)
    quantile = draws.of(1).random(objects)
    values = np.empty(objects)
    for number_of_class, kind in enumerate(classes):
        mine = np.flatnonzero(which == number_of_class)
        values[mine] = kind.at(quantile[mine])
    return values


def chosen(classes: tuple[Class, ...], draws: Draws, objects: int) -> NDArray[np.int64]:
    """The class of each object, by weight."""
    cumulated = np.cumsum([kind.weight for kind in classes])
    at = draws.random(objects) * cumulated[-1]
    which: NDArray[np.int64] = np.searchsorted(cumulated[:-1], at, side="right")
    return which


def normal(quantile: NDArray[np.float64]) -> NDArray[np.float64]:
    """The standard normal value at a quantile in [0, 1)."""
    inverse = NormalDist().inv_cdf
    safe = np.maximum(quantile, 2.0**-54)
    parts = (safe[start : start + PIECE] for start in range(0, len(safe), PIECE))
    return np.concatenate(
        [np.empty(0), *(np.fromiter(map(inverse, part.tolist()), float) for part in parts)]
    )


def sizes(text: str, draws: Draws, objects: int) -> NDArray[np.int64]:
    """Whole bytes, one at least."""
    values = drawn(SIZES.classes(text), draws, objects)
    return np.rint(np.clip(values, 1, LARGEST)).astype(np.int64)


def ttls(text: str, draws: Draws, objects: int) -> NDArray[np.float32]:
    """Seconds, to a thousandth; nan where an object has none."""
    return np.round(drawn(TTL.classes(text), draws, objects), 3).astype(np.float32)


def costs(text: str, draws: Draws, objects: int) -> NDArray[np.float32]:
    """Seconds at the origin, to a millionth; nan where unknown."""
    return np.round(drawn(COST.classes(text), draws, objects), 6).astype(np.float32)
