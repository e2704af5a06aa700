"""What a cache decides, apart from where its rows are: in process or in a store that many share.

A judge has the policy, what is known of the cache as a whole, and the arithmetic on rows; whoever
keeps the rows brings them, and does what comes out.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scrubjay_policies import rows as at
from scrubjay_policies.choose import Choice, choose_victims
from scrubjay_policies.climate import Climate
from scrubjay_policies.cohorts import Arrivals
from scrubjay_policies.features import Features, Moment, observe
from scrubjay_policies.policy import Policy, admit_all
from scrubjay_policies.rows import Row, Views

# GreedyDual inflates to the least worth there is. The least of a sample is a noisy word for
# it, so the cache goes a part of the way: 0.03 to 0.3 did alike, 1 lost up to 0.8 points of
# hits on web logs.
FOLLOW = 0.1

# A decision takes victims ahead of need only where a cache holds so many times as many objects: in
# smaller ones it costs hits, up to a point where few hundred are held.
SMALL = 1024


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
        self._turnover = 1.0  # at the last newcomer

    def use(self, policy: Policy) -> bool:
        """Judge by another policy from now on. True: the credit in all rows has to become zero,
        as its unit was the former one's worth."""
        stale = self.policy.ages
        if stale:
            self.inflation = 0.0
        self.policy = policy
        return stale

    def hit(self, views: Views, slot: int = 0) -> None:
        """The object whose row stands in that slot answered a request."""
        numbers, spans, bits = views
        row, past = slot * at.WIDTH, slot * at.PAST_WIDTH
        gap = self.clock - numbers[row + at.SEEN]
        numbers[row + at.SEEN] = self.clock
        numbers[row + at.CREDIT] = self.inflation
        spans[past + at.RESIDENCE] += gap
        spans[past + at.LIFE] += gap
        spans[past + at.GAP2] = spans[past + at.GAP]
        spans[past + at.GAP] = gap
        hits = spans[past + at.HITS]
        if self.policy.remembers:
            self.arrivals.hit(bits, past, self.clock, self._turnover)
        spans[past + at.HITS] = hits + 1.0
        spans[past + at.COUNT] += 1.0
        self.climate.hit(hits == 1.0)

    def newcomer(
        self, row: Row | None, size: int, *, expires: float, cost: float, held: int, stays: bool
    ) -> Row:
        """The row of what was fetched: it takes over the one that is known of it, if any, which
        is changed. `stays`: that one is of an object held, and not of one that left."""
        self.climate.miss(size)
        self._turnover = self.climate.turnover(held)
        known = row is not None
        if row is None:
            row = np.zeros(at.WIDTH)
        past = at.past(row)
        if known:
            gap = self.clock - row[at.SEEN]
            past[at.GAP2], past[at.GAP] = past[at.GAP], gap
            past[at.LIFE] += gap
            past[at.RESIDENCE] += gap
        if self.policy.remembers:
            self._arrive(at.bits(row), known)
        if not stays:
            past[at.RESIDENCE] = past[at.HITS] = 0.0
        past[at.HITS] += 1.0
        past[at.COUNT] += 1.0
        past[at.COST] = cost
        row[at.SIZE], row[at.EXPIRES] = size, expires
        row[at.SEEN], row[at.CREDIT] = self.clock, self.inflation
        return row

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
        least = policy.ahead if held >= SMALL * policy.ahead else 1
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
            self.climate.evicted(at.past(row)[at.HITS] == 1.0)
            self.arrivals.left(row)

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

    def _arrive(self, bits: at.Bits, known: bool) -> None:
        if known:
            self.arrivals.asked(int(bits[at.ORDER]), self.clock, self._turnover)
        else:
            bits[at.ORDER] = self.arrivals.came(self.clock)
