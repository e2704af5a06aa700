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
from scrubjay_policies.features import FEATURES
from scrubjay_policies.ghosts import Ghosts
from scrubjay_policies.judge import Judge
from scrubjay_policies.policy import Policy
from scrubjay_policies.rng import draws
from scrubjay_policies.rows import Row, Table


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

    `judge` decides; `used` are the bytes held; `k` candidates are drawn for a decision, of which
    at most `batch` go.
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
        self.judge = Judge(policy, capacity=capacity, max_objects=max_objects, k=k, batch=batch)
        self.capacity, self.seed = capacity, seed
        self.used = 0
        self._decisions = 0
        self._table = Table()
        self._ghosts = Ghosts()

    def __len__(self) -> int:
        return len(self._table)

    def __contains__(self, id: int) -> bool:
        return id in self._table.slots

    @property
    def policy(self) -> Policy:
        """What it evicts by."""
        return self.judge.policy

    @property
    def clock(self) -> int:
        """Requests seen."""
        return self.judge.clock

    def ids(self) -> Iterator[int]:
        """Every id held."""
        return iter(self._table.slots)

    def row(self, id: int) -> dict[str, float]:
        """An object's features now, but for the time left, by name; for people to read."""
        rows = self._table.rows[[self._table.slots[id]]]
        seen = self.judge.observe(rows, 0.0, len(self), deep=True)[0]
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
        self.judge.clock += 1

    def touch(self, id: int, untold: int = 0) -> None:
        """The object answered a request, and some before that nobody told of."""
        table = self._table
        self.judge.hit(table.views, table.slots[id], untold)

    def renew(self, id: int, expires: float) -> None:
        """The object's lifetime ends at another time, Unix seconds."""
        self._table.rows[self._table.slots[id], at.EXPIRES] = expires

    def drop(self, id: int) -> int:
        """Remove an object; bytes freed, 0 where it is not there."""
        slot = self._table.slots.get(id)
        if slot is None:
            return 0
        freed = int(self._table.views[1][slot * at.WIDTH + at.SIZE])
        self._table.drop(id)
        self.used -= freed
        return freed

    def use(self, policy: Policy) -> None:
        """Judge by another policy from now on; credit counts from zero again, as its unit
        was the former one's worth. Where that gave none, nothing is touched."""
        if self.judge.use(policy):
            self._table.rows[: len(self), at.CREDIT] = 0.0

    def offer(self, id: int, size: int, *, expires: float, cost: float, now: float) -> Offer:
        """Take an object in, making room; one that is there already is replaced and keeps
        its history. A body of no bytes is charged as one; one that is larger than the cache
        leaves no trace."""
        size = max(1, size)
        if size > self.capacity:
            self.drop(id)
            return Offer(False, "too-large")
        row = self._newcomer(id, size, expires, cost)
        self.drop(id)
        if self.judge.refuses(row, now, len(self)):
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
        return len(self._table) >= self.judge.max_objects

    def _newcomer(self, id: int, size: int, expires: float, cost: float) -> Row:
        slot, held = self._table.slots.get(id), len(self)
        stays = slot is not None
        row = self._table.rows[slot] if stays else self._ghosts.take(id)
        return self.judge.newcomer(row, size, expires=expires, cost=cost, held=held, stays=stays)

    def _remember(self, id: int, row: Row) -> None:
        """Keep the row of an object that is not held, as many as four times those that are."""
        if self.judge.policy.remembers:
            self._ghosts.keep(id, row, len(self._table))

    def _victims(self, newcomer: Row, need: float, now: float) -> list[int]:
        """Evict some of a sample; nobody where the newcomer has to go."""
        table, judge, held = self._table, self.judge, len(self)
        count = judge.sample(held)
        drawn = np.arange(held) if count == held else draws(self.seed, self._decisions, count, held)
        self._decisions += 1
        rows = table.rows.take(drawn, 0)
        choice = judge.choose(rows, drawn, newcomer, need=need, now=now, held=held)
        victims = [(int(table.ids[drawn[position]]), rows[position]) for position in choice.victims]
        for victim, row in victims:
            self.drop(victim)
            judge.left(row)
            self._remember(victim, row.copy())  # alone, not the sample that it is a part of
        return [victim for victim, _ in victims]
