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
        self._at = self._fires = inf
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None

    def set(self, seconds: float) -> None:
        """From now on it is reached in so many seconds."""
        loop = self._loop
        if loop is None:
            loop = self._loop = asyncio.get_running_loop()
        self._at = at = loop.time() + seconds
        if self._fires > at:
            self.end()
            self._fires = at
            self._timer = loop.call_at(at, self._fired)

    def clear(self) -> None:
        """It is not reached, until it is set again."""
        self._at = inf

    def end(self) -> None:
        """Let go of the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._fires = inf

    def _fired(self) -> None:
        self._timer = None
        self._fires = inf
        loop = asyncio.get_running_loop()
        if loop.time() >= self._at:
            self._reached()
        elif self._at < inf:
            self._fires = self._at
            self._timer = loop.call_at(self._at, self._fired)
