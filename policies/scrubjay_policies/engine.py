"""The bookkeeping of a cache, without bodies, I/O or clock: rows, budget, victims.

The in-process store uses it as it is; whatever claims to simulate the cache is held equal
to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from scrubjay_policies import rows as at
from scrubjay_policies.choose import choose_victims
from scrubjay_policies.climate import Climate
from scrubjay_policies.cohorts import Arrivals
from scrubjay_policies.features import FEATURES, Features, Moment, observe
from scrubjay_policies.ghosts import Ghosts
from scrubjay_policies.policy import Policy, admit_all
from scrubjay_policies.rng import draws
from scrubjay_policies.rows import Row, Table

# GreedyDual inflates to the least worth there is. The least of a sample is a noisy word for
# it, so the cache goes a part of the way: 0.03 to 0.3 did alike, 1 lost up to 0.8 points of
# hits on web logs.
FOLLOW = 0.1

# A decision takes victims ahead of need only where a cache holds so many times as many objects: in
# smaller ones it costs hits, up to a point where few hundred are held.
SMALL = 1024


@dataclass(frozen=True, slots=True)
class Offer:
    """What became of an object that was offered, and who left for it, in that order.

    `reason` of a refusal: "too-large" for the whole cache, or the "policy".
    """

    admitted: bool
    reason: str | None = None
    evicted: tuple[int, ...] = ()


class Known(NamedTuple):
    """What an engine knows of an object, for another cache to take over."""

    id: int
    size: int  # bytes
    expires: float  # Unix seconds
    cost: float  # seconds


class Engine:
    """Objects by id under a budget of bytes and of objects.

    `clock` counts the requests seen, `used` the bytes held; `k` candidates are drawn for a
    decision, of which at most `batch` go.
    """

    def __init__(
        self,
        policy: Policy,
        *,
        capacity: int,
        max_objects: int,
        k: int = 80,
        batch: int = 1,
        seed: int = 0,
    ) -> None:
        self.policy = policy
        self.capacity, self.max_objects = capacity, max_objects
        self.k, self.batch, self.seed = k, batch, seed
        self.clock = 0
        self.used = 0
        self.inflation = 0.0
        self.climate = Climate()
        self._decisions = 0
        self._table = Table()
        self._ghosts = Ghosts()
        self._arrivals = Arrivals()
        self._turnover = 1.0  # at the last offer

    def __len__(self) -> int:
        return len(self._table)

    def __contains__(self, id: int) -> bool:
        return id in self._table.slots

    def ids(self) -> Iterator[int]:
        """Every id held."""
        return iter(self._table.slots)

    def row(self, id: int) -> dict[str, float]:
        """An object's features now, but for the time left, by name; for people to read."""
        rows = self._table.rows[[self._table.slots[id]]]
        seen = self._observe(rows, 0.0, deep=True)[0]
        return {feature.name: float(v) for feature, v in zip(FEATURES, seen, strict=True)}

    def known(self) -> list[Known]:
        """Every object held, those that were asked for last coming last."""
        held = self._table.rows[: len(self)]
        ids, costs = self._table.ids[: len(self)], at.past(held)[:, at.COST]
        columns = ids, held[:, at.SIZE].astype(int), held[:, at.EXPIRES], costs
        order = np.argsort(held[:, at.SEEN], kind="stable")
        return [Known(*one) for one in zip(*(c[order].tolist() for c in columns), strict=True)]

    def tick(self, now: float = 0.0) -> None:
        """Count a request that looked into the cache, at Unix seconds `now`."""
        self.clock += 1

    def touch(self, id: int) -> None:
        """The object answered a request."""
        slot = self._table.slots[id]
        numbers, spans = self._table.numbers, self._table.spans
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
            self._arrivals.hit(self._table.bits, past, self.clock, self._turnover)
        spans[past + at.HITS] = hits + 1.0
        spans[past + at.COUNT] += 1.0
        self.climate.hit(hits == 1.0)

    def renew(self, id: int, expires: float) -> None:
        """The object's lifetime ends at another time, Unix seconds."""
        self._table.rows[self._table.slots[id], at.EXPIRES] = expires

    def drop(self, id: int) -> int:
        """Remove an object; bytes freed, 0 where it is not there."""
        slot = self._table.slots.get(id)
        if slot is None:
            return 0
        freed = int(self._table.rows[slot, at.SIZE])
        self._table.drop(id)
        self.used -= freed
        return freed

    def use(self, policy: Policy) -> None:
        """Judge by another policy from now on; credit counts from zero again, as its unit
        was the former one's worth. Where that gave none, nothing is touched."""
        if self.policy.ages:
            self.inflation = 0.0
            self._table.rows[: len(self), at.CREDIT] = 0.0
        self.policy = policy

    def offer(self, id: int, size: int, *, expires: float, cost: float, now: float) -> Offer:
        """Take an object in, making room; one that is there already is replaced and keeps
        its history. A body of no bytes is charged as one; one that is larger than the cache
        leaves no trace."""
        size = max(1, size)
        if size > self.capacity:
            self.drop(id)
            return Offer(False, "too-large")
        self.climate.miss(size)
        self._turnover = self.climate.turnover(len(self._table))
        row = self._newcomer(id, size, expires, cost)
        self.drop(id)
        if self._refuses(row, now):
            self._remember(id, row)
            return Offer(False, "policy")
        evicted: list[int] = []
        while (need := self.used + size - self.capacity) > 0 or self._full():
            victims = self._victims(row, need, now)
            if not victims:
                self._remember(id, row)
                return Offer(False, "policy", tuple(evicted))
            evicted += victims
        self._table.add(id, row)
        self.used += size
        return Offer(True, None, tuple(evicted))

    def _full(self) -> bool:
        return len(self._table) >= self.max_objects

    def _newcomer(self, id: int, size: int, expires: float, cost: float) -> Row:
        slot = self._table.slots.get(id)
        row = self._ghosts.take(id) if slot is None else self._table.rows[slot].copy()
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
        if slot is None:
            past[at.RESIDENCE] = past[at.HITS] = 0.0
        past[at.HITS] += 1.0
        past[at.COUNT] += 1.0
        past[at.COST] = cost
        row[at.SIZE], row[at.EXPIRES] = size, expires
        row[at.SEEN], row[at.CREDIT] = self.clock, self.inflation
        return row

    def _arrive(self, bits: at.Bits, known: bool) -> None:
        if known:
            self._arrivals.asked(int(bits[at.ORDER]), self.clock, self._turnover)
        else:
            bits[at.ORDER] = self._arrivals.came(self.clock)

    def _remember(self, id: int, row: Row) -> None:
        """Keep the row of an object that is not held, as many as four times those that are."""
        if self.policy.remembers:
            self._ghosts.keep(id, row, len(self._table))

    def _observe(self, rows: Row, wall: float, *, deep: bool) -> Features:
        climate = self.climate
        moment = Moment(
            self.clock,
            wall,
            self.inflation,
            climate.turnover(len(self._table)),
            climate.mean_size,
            climate.misses,
            self.capacity,
            climate.firsts,
            climate.wasted,
        )
        return observe(rows, moment, self._arrivals.known if deep else None)

    def _refuses(self, row: Row, now: float) -> bool:
        if self.policy.admit is admit_all:
            return False
        seen = self._observe(row[None, :], now, deep=self.policy.remembers)
        return not self.policy.admit(seen, self.policy.params)[0] > 0

    def _victims(self, newcomer: Row, need: float, now: float) -> list[int]:
        """Evict some of a sample; nobody where the newcomer has to go."""
        table, policy = self._table, self.policy
        held = len(table)
        if held <= self.k:
            slots = np.arange(held)
        else:
            slots = draws(self.seed, self._decisions, self.k, held)
        self._decisions += 1
        rows = table.rows.take(slots, 0)
        candidates = np.concatenate((rows, newcomer[None])) if policy.competes else rows
        seen = self._observe(candidates, now, deep=policy.remembers)
        worth = policy.worth(seen, policy.params)
        least = policy.ahead if held >= SMALL * policy.ahead else 1
        choice = choose_victims(
            worth, slots, rows[:, at.SIZE], need=need, batch=self.batch, least=least
        )
        if policy.ages and (choice.refused or choice.victims):
            leaving = -1 if choice.refused else choice.victims[0]
            self.inflation += FOLLOW * float(worth[leaving])
        victims = [(int(table.ids[slots[position]]), rows[position]) for position in choice.victims]
        for victim, row in victims:
            self.drop(victim)
            if policy.remembers:
                self.climate.evicted(at.past(row)[at.HITS] == 1.0)
                self._arrivals.left(row)
            self._remember(victim, row)
        return [victim for victim, _ in victims]
