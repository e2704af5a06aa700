"""Two policies on the same requests, each with a cache of metadata alone, to see who leads."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from scrubjay_policies.policy import Policy
from scrubjay_policies.shadow import Counts, Shadow
from scrubjay_proxy.sections import CacheSection

WINDOW = 1000  # requests after which it is looked who leads


@dataclass(frozen=True, slots=True)
class Standing:
    """Ratios that two policies got on the same requests, and how many these were."""

    requests: int
    challenger: float
    incumbent: float

    @property
    def lead(self) -> float:
        """Of the challenger, in percentage points."""
        return 100.0 * (self.challenger - self.incumbent)

    def __str__(self) -> str:
        place = f"{'leads' if self.lead > 0 else 'trails'} by {abs(self.lead):.2f} points"
        return f"{place if self.lead else 'is level'} after {self.requests:,} requests in shadow"


class Verdict(StrEnum):
    """What follows from a trial."""

    WAIT = "wait"
    WON = "won"
    LOST = "lost"


def judge(standing: Standing, *, requests: int, lead: float) -> Verdict:
    """A challenger wins if it leads by so many points after so many requests, no sooner."""
    if standing.requests < requests:
        return Verdict.WAIT
    return Verdict.WON if standing.lead >= lead else Verdict.LOST


@dataclass(frozen=True, slots=True)
class Trailing:
    """Since when the incumbent trails, Unix seconds; None: it does not."""

    since: float | None = None

    def after(self, window: Standing, now: float) -> Trailing:
        """One more window of requests: an incumbent that is level or leads begins anew."""
        if window.lead <= 0:
            return Trailing()
        return self if self.since is not None else Trailing(now)

    def lasts(self, now: float, limit: float) -> bool:
        """Whether it has trailed for `limit` seconds."""
        return self.since is not None and now - self.since >= limit


class Trial:
    """A challenger beside the incumbent. Both begin empty, with the room and the draws of the
    cache that they shadow, on one in `rate` of the objects. Each ranks by itself."""

    def __init__(
        self, challenger: Policy, incumbent: Policy, cache: CacheSection, *, rate: int
    ) -> None:
        self.failure = ""
        self._by_bytes = cache.objective == "byte"
        self._challenger, self._incumbent = (
            Shadow(
                policy,
                capacity=cache.capacity,
                max_objects=cache.max_objects,
                k=cache.sample,
                batch=cache.batch,
                seed=cache.seed,
                rate=rate,
            )
            for policy in (challenger, incumbent)
        )
        self._window = _parts(Counts()), _parts(Counts())

    def see(self, id: int, size: int, *, expires: float, cost: float, now: float) -> bool:
        """One request of the live cache; True: it is time to look who leads."""
        before = self._challenger.counts.requests
        try:
            for shadow in (self._challenger, self._incumbent):
                shadow.see(id, size, expires=expires, cost=cost, now=now)
        except Exception as error:  # noqa: BLE001  whatever a policy raises, traffic goes on
            self.failure = f"its decisions failed in shadow: {type(error).__name__}: {error}"
            return True
        now_seen = self._challenger.counts.requests
        return now_seen != before and now_seen % WINDOW == 0

    def standing(self) -> Standing:
        """Of all requests seen."""
        empty = _parts(Counts())
        return self._between(empty, empty)

    def window(self) -> Standing:
        """Of the requests since this was asked for last."""
        before = self._window
        self._window = _parts(self._challenger.counts), _parts(self._incumbent.counts)
        return self._between(*before)

    def _between(self, challenger: Parts, incumbent: Parts) -> Standing:
        first, second = self._challenger.counts, self._incumbent.counts
        return Standing(
            first.requests - challenger[0],
            self._ratio(first, challenger),
            self._ratio(second, incumbent),
        )

    def _ratio(self, counts: Counts, before: Parts) -> float:
        requests, hits, asked, served = (
            now - then for now, then in zip(_parts(counts), before, strict=True)
        )
        whole, part = (asked, served) if self._by_bytes else (requests, hits)
        return part / whole if whole else 0.0


Parts = tuple[int, int, int, int]


def _parts(counts: Counts) -> Parts:
    return counts.requests, counts.hits, counts.bytes, counts.hit_bytes
