"""What a cache decides, apart from where its rows are: in process or in a store that many share.

A judge has the policy, what is known of the cache as a whole, and the arithmetic on rows; whoever
keeps the rows brings them, and does what comes out.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from scrubjay_policies import rows as at
from scrubjay_policies.choose import Choice, choose_victims
from scrubjay_policies.climate import Climate
from scrubjay_policies.cohorts import Arrivals
from scrubjay_policies.features import Features, Moment, observe
from scrubjay_policies.policy import Policy, admit_all
from scrubjay_policies.rows import BYTES, LEAVING, READ, READING, ROW, WRITING, WRITTEN, Row, Views

# GreedyDual inflates to the least worth there is. The least of a sample is a noisy word for
# it, so the cache goes a part of the way: 0.03 to 0.3 did alike, 1 lost up to 0.8 points of
# hits on web logs.
FOLLOW = 0.1

# A decision takes victims ahead of need only where a cache holds so many times as many objects: in
# smaller ones it costs hits, up to a point where few hundred are held. Where it holds even more, up
# to MOST_TIMES as many go at once, of as many times more candidates: each costs less of a larger
# decision.
SMALL = 1024
MOST_TIMES = 4

_read, _write = READING.unpack_from, WRITING.pack_into
_unpack, _pack, _left = ROW.unpack_from, ROW.pack_into, LEAVING.unpack_from


def times(held: Any, ahead: Any) -> Any:
    """How many times as many candidates and victims as usual a decision has, in a cache that holds
    so many objects under a policy that takes so many `ahead`: a power of two."""
    found = 1
    while ahead > 1 and found < MOST_TIMES and held >= 2 * found * SMALL * ahead:
        found *= 2
    return found


class Judge:
    """A policy at work. `clock` counts the requests that the cache has seen, `held` is how many
    objects it holds; a decision looks at `k` candidates, of which at most `batch` go.
    """

    def __init__(
        self, policy: Policy, *, capacity: int, max_objects: int, k: int = 80, batch: int = 1
    ) -> None:
        self.policy = policy
        self.capacity, self.max_objects = capacity, max_objects
        self.k, self.batch = k, batch
        self.clock = 0
        self.inflation = 0.0
        self.climate = Climate()
        self.arrivals = Arrivals()
        self.turnover = 1.0  # of the cache, in requests, at the last newcomer

    def use(self, policy: Policy) -> bool:
        """Judge by another policy from now on. True: the credit in all rows has to become zero,
        as its unit was the former one's worth."""
        stale = self.policy.ages
        if stale:
            self.inflation = 0.0
        self.policy = policy
        return stale

    def hit(self, views: Views, slot: int = 0, untold: int = 0) -> None:
        """The object whose row stands in that slot answered a request, and some before that
        nobody told of, as if they had come at even distances."""
        whole, numbers, bits = views
        start, clock, more = slot * BYTES, self.clock, 1.0 + untold
        size, seen, residence, life, last, _, hits, count, order = _read(whole, start + READ)
        if self.policy.remembers:
            told = bits[slot * at.PAST_WIDTH + at.COUNT]
            self.arrivals.hit(order, size, told, clock, self.turnover)
        if self.inflation:
            numbers[slot * at.WIDTH + at.CREDIT] = self.inflation
        gap = clock - seen
        _write(
            whole, start + WRITTEN,
            clock, residence + gap, life + gap, gap / more, last, hits + more, count + more,
        )  # fmt: skip
        self.climate.hit(hits == 1.0)

    def newcomer(
        self, row: Row | None, size: int, *, expires: float, cost: float, held: int, stays: bool
    ) -> Row:
        """The row of what was fetched, going on from the one that is known of it, if any. `stays`:
        that one is of an object held, and not of one that left."""
        self.climate.miss(size)
        self.turnover = self.climate.turnover(held)
        clock, order = self.clock, None
        residence = life = last = before = hits = count = 0.0
        if row is not None:
            _, _, _, seen, residence, life, before, _, hits, count, _, order = _unpack(row.data)
            last = clock - seen
            life += last
            residence += last
        if not stays:
            residence = hits = 0.0
        spans = residence, life, last, before, hits + 1.0, count + 1.0, cost
        fresh = np.empty(at.WIDTH)
        numbers = expires, self.inflation, size, clock
        _pack(fresh.data, 0, *numbers, *spans, self._arrived(order))
        return fresh

    def sample(self, held: int) -> int:
        """Candidates of a decision."""
        return min(held, self.k * int(times(held, self.policy.ahead)))

    def refuses(self, row: Row, now: float, held: int) -> bool:
        """Whether the policy does not take a newcomer in at all."""
        if self.policy.admit is admit_all:
            return False
        seen = self.observe(row[None, :], now, held, deep=self.policy.remembers)
        return not self.policy.admit(seen, self.policy.params)[0] > 0

    def choose(
        self,
        rows: Row,
        drawn: NDArray[np.intp],
        newcomer: Row,
        *,
        need: float,
        now: float,
        held: int,
    ) -> Choice:
        """Who of a sample has to go for `need` bytes and one object more, or that the newcomer
        has. `drawn` tells the candidates apart: one that is drawn twice is one."""
        policy = self.policy
        candidates = np.concatenate((rows, newcomer[None])) if policy.competes else rows
        seen = self.observe(candidates, now, held, deep=policy.remembers)
        worth = policy.worth(seen, policy.params)
        ahead = policy.ahead
        least = ahead * times(held, ahead) if held >= SMALL * ahead else 1
        choice = choose_victims(
            worth, drawn, rows[:, at.SIZE], need=need, batch=self.batch, least=least
        )
        if policy.ages and (choice.refused or choice.victims):
            leaving = -1 if choice.refused else choice.victims[0]
            self.inflation += FOLLOW * float(worth[leaving])
        return choice

    def left(self, row: Row) -> None:
        """An object was evicted, and this was its row."""
        if self.policy.remembers:
            size, hits, count = _left(row.data, READ)
            self.climate.evicted(hits == 1.0)
            self.arrivals.left(size, count)

    def observe(self, rows: Row, wall: float, held: int, *, deep: bool) -> Features:
        """Rows as features now."""
        climate = self.climate
        moment = Moment(
            self.clock,
            wall,
            self.inflation,
            climate.turnover(held),
            climate.mean_size,
            climate.misses,
            self.capacity,
            climate.firsts,
            climate.wasted,
        )
        return observe(rows, moment, self.arrivals.known if deep else None)

    def _arrived(self, order: int | None) -> int:
        """The number in the order of arrival, that it has or now gets."""
        if not self.policy.remembers:
            return order or 0
        if order is None:
            return self.arrivals.came(self.clock)
        self.arrivals.asked(order, self.clock, self.turnover)
        return order
