"""What the shadow caches and the guard have to say, for people, metrics and the API."""

from __future__ import annotations

from dataclasses import dataclass

from scrubjay_policies.shadows.guard import price
from scrubjay_policies.shadows.state import (
    BY_COST,
    BY_SIZE,
    CACHES,
    HITS,
    LEAD,
    LEADER,
    LIVE,
    NAMES,
    OBJECTS,
    REQUESTS,
    RUNNING,
    SAVED,
    SHARED,
    SHARED_SAVED,
    SINCE,
    SWITCHES,
    USED,
    State,
)


@dataclass(frozen=True, slots=True)
class Standing:
    """One cache: what it holds, and what its hits were; of shadows also where they stand.

    `saved`, `lead` and `price` count hits, bytes or seconds, as the objective says: what all hits
    were worth, what the late ones were worth more than the followed cache's, and the lead from
    which on it is followed.
    """

    name: str
    objects: int
    bytes: int
    hits: int
    saved: float
    lead: float = 0.0
    price: float = 0.0


@dataclass(frozen=True, slots=True)
class Report:
    """The guard: whom the live cache follows, since which request, and how all caches stand."""

    follows: str
    requests: int
    switches: int
    since: int  # the request of the last switch, 0: from the start
    unit: str
    live: Standing
    shadows: tuple[Standing, ...]

    @property
    def reason(self) -> str:
        """Why this one, and when another, in words."""
        began = f"since request {self.since:,}" if self.since else "from the start"
        others = [one for one in self.shadows if one.name != self.follows]
        if not others:
            return f"follows {self.follows}, the only one"
        near = max(others, key=lambda one: one.lead - one.price)
        return (
            f"follows {self.follows} {began}; {near.name} takes over once it leads by "
            f"{near.price:,.0f} {self.unit}, now {near.lead:,.0f}"
        )


def report(s: State) -> Report:
    """How things stand now."""
    unit = "seconds" if s.real[BY_COST] else "hits" if s.real[BY_SIZE] else "bytes"
    running = [cache for cache in range(CACHES) if s.whole[RUNNING] >> cache & 1]
    return Report(
        follows=NAMES[s.whole[LEADER]],
        requests=s.whole[REQUESTS],
        switches=s.whole[SWITCHES],
        since=s.whole[SINCE],
        unit=unit,
        live=_standing(s, LIVE, "live"),
        shadows=tuple(_standing(s, cache, NAMES[cache]) for cache in running),
    )


def _standing(s: State, cache: int, name: str) -> Standing:
    shadow = cache != LIVE and cache != s.whole[LEADER]
    return Standing(
        name=name,
        objects=s.whole[OBJECTS + cache],
        bytes=int(s.real[USED + cache]),
        hits=s.whole[HITS + cache] + s.whole[SHARED],
        saved=s.real[SAVED + cache] + s.real[SHARED_SAVED],
        lead=s.real[LEAD + cache] if shadow else 0.0,
        price=price(s, cache) if shadow else 0.0,
    )
