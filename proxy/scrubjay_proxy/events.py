"""What changed in a running proxy, one line each: for people, dashboards and the log."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass

import structlog

KEPT = 1000  # events that can be asked for again

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Event:
    """Something that changed; ids count up from 1, `time` is in Unix seconds."""

    id: int
    time: float
    kind: str
    told: dict[str, str]


class Events:
    """The latest events; whoever follows them gets each one once."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._events: deque[Event] = deque(maxlen=KEPT)
        self._last = 0
        self._followers: set[asyncio.Event] = set()
        self._closed = False

    def add(self, kind: str, **told: str) -> None:
        """Note a change; what is empty is not told."""
        told = {name: value for name, value in told.items() if value}
        self._last += 1
        self._events.append(Event(self._last, self._clock(), kind, told))
        log.info(kind.replace("-", " "), **told)
        self._wake()

    def since(self, id: int) -> list[Event]:
        """Those after that one that are still kept, the oldest first."""
        return [one for one in self._events if one.id > id]

    async def follow(self, id: int) -> AsyncGenerator[Event, None]:
        """Those after that one, and all that come until the end."""
        more = asyncio.Event()
        self._followers.add(more)
        try:
            while not self._closed:
                more.clear()
                for event in self.since(id):
                    id = event.id
                    yield event
                if not self.since(id):
                    await more.wait()
        finally:
            self._followers.discard(more)

    def close(self) -> None:
        """Let those who follow go."""
        self._closed = True
        self._wake()

    def _wake(self) -> None:
        for follower in self._followers:
            follower.set()
