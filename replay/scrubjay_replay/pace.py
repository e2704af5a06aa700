"""When each request of a trace is due."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from scrubjay_replay.errors import UseError


class Mode(Enum):
    """How the driver chooses its moments."""

    TIMED = "as the trace has it"
    RATE = "at a constant rate"
    SEQUENTIAL = "one after the other"
    FASTEST = "as fast as answers come"


@dataclass(frozen=True, slots=True)
class Pace:
    """A mode and its number: a speed-up for TIMED, requests per second for RATE."""

    mode: Mode
    factor: float = 1.0

    def due(self, at: NDArray[np.float64]) -> NDArray[np.float64] | None:
        """Seconds after the start for each request; None if they depend on the answers."""
        if self.mode is Mode.TIMED:
            return np.maximum.accumulate(at) / self.factor
        if self.mode is Mode.RATE:
            return np.arange(len(at), dtype=np.float64) / self.factor
        return None

    def __str__(self) -> str:
        if self.mode is Mode.TIMED and self.factor != 1:
            return f"{self.mode.value}, {self.factor:g} times as fast"
        if self.mode is Mode.RATE:
            return f"{self.factor:g} requests a second"
        return str(self.mode.value)


SEQUENTIAL = Pace(Mode.SEQUENTIAL)
FASTEST = Pace(Mode.FASTEST)


def pace(speed: str | None, rate: float | None, sequential: bool) -> Pace:
    """The pace that three options ask for, at most one of them given."""
    if (speed is not None) + (rate is not None) + sequential > 1:
        raise UseError(
            "--speed, --rate and --sequential exclude each other", hint="Give one of them."
        )
    if sequential:
        return SEQUENTIAL
    if rate is not None:
        return Pace(Mode.RATE, _positive(str(rate), "--rate", "requests a second, as in 500"))
    if speed == "max":
        return FASTEST
    number = (speed or "1").removesuffix("x")
    return Pace(Mode.TIMED, _positive(number, "--speed", "a factor as in 10x, or max"))


def _positive(text: str, option: str, wanted: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise UseError(f"{option} is {text!r}", hint=f"It must be {wanted}.")
    return value
