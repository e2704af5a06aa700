"""Collapse concurrent fetches of one thing into one (request coalescing).

The schedule, for a key that nobody has:

1. the first client in leads: it asks the origin; all others join its flight and wait;
2. the flight lands as soon as the origin's *head* has come, with one of
   - `Filled`: it may be stored; everybody it suits reads the body as it arrives;
   - `Refreshed`: what was stored has been confirmed; everybody looks into the store again;
   - `Stale`: the origin failed and what is stored may stand in for it;
   - `Private`: not to be shared; everybody is let go at once, to ask for themselves, and
     the key is remembered for a moment, so that the next ones do not wait in vain;
   - `Failed`: one of those who waited tries once more; if that fails too, all get the error.

A leader whose client leaves flies on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from scrubjay_proxy.answers import Answer, OriginError
from scrubjay_proxy.fill import Fill
from scrubjay_proxy.http.messages import Stored
from scrubjay_proxy.http.why import Why

_REMEMBERED = 10.0  # seconds
_MOST_REMEMBERED = 10_000
# Reasons that lie in the request: the next one may do better.
_THE_ASKERS = frozenset({Why.AUTHORIZATION, Why.COOKIE, Why.REQUEST_NO_STORE})


@dataclass(frozen=True, slots=True)
class Filled:
    """The body is arriving and shared."""

    fill: Fill


@dataclass(frozen=True, slots=True)
class Refreshed:
    """The stored response was confirmed."""

    stored: Stored


@dataclass(frozen=True, slots=True)
class Stale:
    """The origin failed, the stored response stands in."""

    stored: Stored
    why: Why


@dataclass(frozen=True, slots=True)
class Private:
    """For the leader alone, who gets the answer itself."""

    answer: Answer
    why: Why


@dataclass(frozen=True, slots=True)
class Failed:
    """No usable answer."""

    error: OriginError


Landing = Filled | Refreshed | Stale | Private | Failed


class Flights:
    """The flights under way, by key."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._under_way: dict[str, asyncio.Future[Landing]] = {}
        self._private: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._under_way)

    def joinable(self, key: str) -> asyncio.Future[Landing] | None:
        """The flight for a key, where there is one."""
        return self._under_way.get(key)

    def start(self, key: str) -> asyncio.Future[Landing]:
        """Lead: begin the flight that others may join."""
        flight: asyncio.Future[Landing] = asyncio.get_running_loop().create_future()
        self._under_way[key] = flight
        return flight

    def land(self, key: str, flight: asyncio.Future[Landing], landing: Landing) -> None:
        """Tell everybody who waits."""
        if isinstance(landing, Private):
            if landing.why not in _THE_ASKERS:
                self._remember(key)
        else:
            self._private.pop(key, None)
        if self._under_way.get(key) is flight and not isinstance(landing, Filled):
            del self._under_way[key]
        if not flight.done():
            flight.set_result(landing)

    def over(self, key: str, flight: asyncio.Future[Landing]) -> None:
        """The body of a Filled landing is complete, or will never be."""
        if self._under_way.get(key) is flight:
            del self._under_way[key]

    def is_private(self, key: str) -> bool:
        """Whether the last answer, a moment ago, was not to be shared."""
        until = self._private.get(key)
        if until is None:
            return False
        if until > self._clock():
            return True
        del self._private[key]
        return False

    def _remember(self, key: str) -> None:
        if len(self._private) >= _MOST_REMEMBERED:
            del self._private[next(iter(self._private))]
        self._private[key] = self._clock() + _REMEMBERED
