"""A limit that is set anew with every request and hardly ever reached."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from math import inf


class Deadline:
    """Calls `reached` once the time is over.

    Setting a timer costs more than the whole limit is worth, so it is left to run: when it
    fires too early it is set for the rest.
    """

    def __init__(self, reached: Callable[[], None]) -> None:
        self._reached = reached
        self._at = inf
        self._timer: asyncio.TimerHandle | None = None

    def set(self, seconds: float) -> None:
        """From now on it is reached in so many seconds."""
        loop = asyncio.get_running_loop()
        self._at = loop.time() + seconds
        if self._timer is not None and self._timer.when() > self._at:
            self.end()
        if self._timer is None:
            self._timer = loop.call_at(self._at, self._fired)

    def clear(self) -> None:
        """It is not reached, until it is set again."""
        self._at = inf

    def end(self) -> None:
        """Let go of the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _fired(self) -> None:
        self._timer = None
        loop = asyncio.get_running_loop()
        if loop.time() >= self._at:
            self._reached()
        elif self._at < inf:
            self._timer = loop.call_at(self._at, self._fired)
