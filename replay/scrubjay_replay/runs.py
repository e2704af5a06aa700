"""What a simulation of the lab gives that does not go through our own engine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Run:
    """One policy over one trace at one capacity, cold at the start."""

    hit: NDArray[np.bool_]  # of each request, in order
    params: str  # as a library takes them, "" where it takes none
    seconds: float  # of simulating, without start-up and compiling
