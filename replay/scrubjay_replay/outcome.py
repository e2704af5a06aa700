"""What became of each request, decided by what the origin saw."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
SHOWN_FAULTS = 10


class Verdict(IntEnum):
    """Where an answer came from; only HIT counts as a hit."""

    MISS = 0  # the origin sent the body for this request
    HIT = 1  # from the store, the origin was not waited for
    CHECKED = 2  # from the store, after the origin said 304
    JOINED = 3  # from another request's fetch
    FAILED = 4  # no answer, or not a 200
    WRONG = 5  # a 200 whose bytes are not what the origin has


class CacheStatus(NamedTuple):
    """What the cache nearest to the client says of itself (RFC 9211)."""

    hit: bool = False
    collapsed: bool = False


def read_cache_status(value: str) -> CacheStatus:
    """The last member of Cache-Status is the cache nearest to the client (RFC 9211, 2)."""
    last = QUOTED.sub("", value).rpartition(",")[2]
    said = {part.strip().lower() for part in last.split(";")[1:]}
    return CacheStatus(not said.isdisjoint({"hit", "hit=?1"}), not said.isdisjoint(COLLAPSED))


COLLAPSED = frozenset({"collapsed", "collapsed=?1"})


class Seen(NamedTuple):
    """What the origin saw of a key while one request for it was under way."""

    asked: int  # requests that reached it
    full: int  # of these, answered with the whole body
    busy: bool  # it was already answering one when ours was sent
    overlapping: bool  # another request for the key was under way with ours
    stale: bool  # the version that came was no longer current when we asked


def judge(seen: Seen, said: CacheStatus) -> Verdict:
    """The origin's truth first; the proxy's word only where requests overlap.

    A hit while the origin was asked is one revalidated in the background (RFC 5861), unless
    the origin just sent this very version and nobody else can have asked for it.
    """
    if not seen.asked:
        return Verdict.JOINED if said.collapsed or (seen.busy and not said.hit) else Verdict.HIT
    if said.hit and (not seen.full or seen.overlapping or seen.stale):
        return Verdict.HIT
    if said.collapsed:
        return Verdict.JOINED
    return Verdict.MISS if seen.full else Verdict.CHECKED


@dataclass(slots=True)
class Outcome:
    """The raw facts of a replay, a row for each request in the order of the trace."""

    verdict: NDArray[np.uint8]  # Verdict
    latency: NDArray[np.float64]  # seconds from sending to the last byte
    received: NDArray[np.int64]  # bytes of body
    stale: NDArray[np.bool_]  # older than the origin's version when it was asked for
    sent: int = 0  # requests sent; fewer than the rows if stopped
    seconds: float = 0.0  # wall clock of the whole
    origin_requests: int = 0
    origin_bytes: int = 0  # bodies only
    late: int = 0  # requests sent late for want of a free slot or time
    worst_lag: float = 0.0  # seconds
    way: str = ""
    stopped: str = ""  # why it ended early; empty if it did not
    faults: list[str] = field(default_factory=list)  # the first few, in words

    @classmethod
    def empty(cls, requests: int) -> Self:
        """Room for a number of requests."""
        return cls(
            np.zeros(requests, np.uint8),
            np.zeros(requests),
            np.zeros(requests, np.int64),
            np.zeros(requests, np.bool_),
        )

    def is_(self, *verdicts: Verdict) -> NDArray[np.bool_]:
        """Which of the sent requests had one of these verdicts."""
        return np.isin(self.verdict[: self.sent], verdicts)

    def hits(self) -> list[bool]:
        """The sequence of hits (True) and everything else, as far as it was sent."""
        return list(self.is_(Verdict.HIT).tolist())

    def fault(self, request: int, verdict: Verdict, why: str) -> None:
        """A request that went wrong."""
        self.verdict[request] = verdict
        if len(self.faults) < SHOWN_FAULTS:
            self.faults.append(f"request {request}: {why}")
