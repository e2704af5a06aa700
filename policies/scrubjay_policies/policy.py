"""What a policy is: a value made of functions on the feature matrix."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from scrubjay_policies.features import Features

Numbers = NDArray[np.float32]
Rating = Callable[[Features, Numbers], Numbers]

NO_NUMBERS: Numbers = np.zeros(0, dtype=np.float32)
NO_LIMIT = np.float32(np.inf)


class PolicyError(Exception):
    """A policy that is not there, or is none; `hint` says what to do."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def admit_all(features: Features, params: Numbers) -> Numbers:
    """Take in every object."""
    return np.ones(len(features), dtype=np.float32)


def as_http_says(features: Features, params: Numbers) -> Numbers:
    """Shorten no lifetime."""
    return np.full(len(features), NO_LIMIT, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Policy:
    """What to keep, what to take in, and for how long.

    `worth`, `admit` and `hold` map features, float32 of shape (n, len(FEATURES)), and
    `params` to n numbers: the least worth goes first; above 0 it is taken in; seconds, which
    may only shorten what HTTP allows. They use what numpy and numba share, and keep no state.
    """

    name: str
    worth: Rating
    admit: Rating = admit_all
    hold: Rating = as_http_says
    params: Numbers = field(default_factory=lambda: NO_NUMBERS)
    needs: frozenset[str] = frozenset()  # of a trace: ttl, cost; the live proxy knows them all
    competes: bool = False  # the newcomer is a candidate too, and refused where it is worth least
    remembers: bool = False  # sees all features, and what was evicted is remembered for a while
    ahead: int = 1  # victims of one decision, room needed or not, where the cache is not small
    model: str = ""  # SHA-256 of the file that its numbers came from
    shadows: tuple[str, ...] = ()  # exact caches beside the live one, which follows the first
    ages: bool = False  # inflates by the worth of what leaves (GreedyDual: Cao, Irani 1997)
