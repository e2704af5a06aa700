"""A cache that does what one of its shadows does, and changes to another one that does better.

It has the interface of `Engine`, and no ranking of its own: it evicts what the followed shadow
does not hold, and takes in what that one holds. The shadow under the policy's own ranking is an
`Engine`.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import replace

from scrubjay_policies.engine import Engine, Known, Offer
from scrubjay_policies.policy import Policy
from scrubjay_policies.shadows.holders import enter, give_up, keep, lacks_room, leave, stray
from scrubjay_policies.shadows.report import Report, report
from scrubjay_policies.shadows.state import (
    ALL,
    CODES,
    EXPIRES,
    FIRST,
    HELD,
    LATENCY,
    LEADER,
    LIVE,
    LOOKED,
    NAMES,
    NEVER,
    NOBODY,
    OBJECTS,
    OWN,
    PATIENCE,
    PLACE,
    REALS,
    RENEWED,
    REQUESTS,
    SIZE,
    STRIDE,
    UNTOLD,
    USED,
    WAITING_HITS,
    WAITS,
    WHOLES,
    WIDTHS,
    State,
    begin,
)
from scrubjay_policies.shadows.watch import GLANCE, fetched, forget, glance, look, see

_MORE = 1024  # slots that are made at once
_LOOKS = 16  # slots that are looked at for one that nobody needs


class Follower:
    """Objects by id under a budget, as `Engine` has them; `clock` counts the requests seen."""

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
        self.policy, self.capacity = policy, capacity
        self.own = Engine(
            replace(policy, shadows=()),
            capacity=capacity,
            max_objects=max_objects,
            k=k,
            batch=batch,
            seed=seed,
        )
        numbers = array("q", bytes(8 * WHOLES)), array("d", bytes(8 * REALS))
        links, marks, floats, heap, lives = [array(code) for code in CODES]
        self.state = State(links, marks, floats, heap, lives, *numbers)
        self._slots: dict[int, int] = {}
        self._ids = array("Q")
        self._next = FIRST  # the slot to look at first for a newcomer
        self._now = 0.0
        self._grow()
        begin(self.state, capacity, max_objects, policy.shadows, policy.params)
        self._ranks = "own" in policy.shadows

    def __len__(self) -> int:
        return int(self.state.whole[OBJECTS + LIVE])

    def __contains__(self, id: int) -> bool:
        slot = self._slots.get(id)
        return slot is not None and bool(self.state.marks[slot + HELD] >> LIVE & 1)

    @property
    def clock(self) -> int:
        """Requests seen."""
        return self.own.judge.clock

    @property
    def used(self) -> int:
        """Bytes held."""
        return int(self.state.real[USED + LIVE])

    @property
    def leader(self) -> str:
        """The shadow that is followed; "own" is the one under the policy's own ranking."""
        return NAMES[self.state.whole[LEADER]]

    def report(self) -> Report:
        """How all caches stand, and why this one is followed."""
        return report(self.state)

    def ids(self) -> Iterator[int]:
        """Every id held."""
        return (self._ids[slot // STRIDE] for slot in self.state.lives[: len(self)])

    def tick(self, now: float = 0.0) -> None:
        """Count a request that looked into the cache, at Unix seconds `now`."""
        self.own.judge.clock += 1
        self._now = now

    def touch(self, id: int) -> None:
        """The object answered a request."""
        s, slot = self.state, self._slots[id]
        if self._ranks and glance(s, slot):
            return
        held, fresh = s.marks[slot + HELD], not s.marks[slot + RENEWED]
        if fresh and held == ALL:
            self._tell()
            self.own.touch(id, s.marks[slot + UNTOLD])
            look(s, slot)
            return
        s.marks[slot + RENEWED] = 0
        self._see(id, slot, held, fresh, self._now)

    def renew(self, id: int, expires: float) -> None:
        """The object's lifetime ends at another time, Unix seconds."""
        s, slot = self.state, self._slots[id]
        s.marks[slot + RENEWED] = 1
        s.floats[slot + EXPIRES] = expires
        if s.marks[slot + HELD] >> OWN & 1:
            self.own.renew(id, expires)

    def drop(self, id: int) -> int:
        """Remove an object, from all shadows as well; bytes freed, 0 where it is not there."""
        s, slot = self.state, self._slots.get(id)
        if slot is None:
            return 0
        freed = int(s.floats[slot + SIZE]) if s.marks[slot + HELD] >> LIVE & 1 else 0
        if freed:
            give_up(s, slot)
        forget(s, slot)
        if s.marks[slot + HELD] >> OWN & 1:
            leave(s, slot, OWN)
            self.own.drop(id)
        return freed

    def use(self, policy: Policy) -> None:
        """Rank the own shadow's objects by another policy from now on."""
        self.policy = policy
        self.own.use(replace(policy, shadows=()))

    def offer(self, id: int, size: int, *, expires: float, cost: float, now: float) -> Offer:
        """Take an object in if the followed shadow does, making room. One that is larger than the
        cache leaves no trace."""
        size, s = max(1, size), self.state
        if size > self.capacity:
            self.drop(id)
            return Offer(False, "too-large")
        slot = self._slots.get(id)
        if slot is None:
            slot = self._take(id)
        elif s.marks[slot + HELD] >> LIVE & 1:
            give_up(s, slot)
        had, fresh = s.marks[slot + HELD], s.floats[slot + EXPIRES] > now
        fetched(s, slot, size, cost)
        s.floats[slot + EXPIRES], s.marks[slot + RENEWED] = expires, 0
        self._see(id, slot, had, fresh, now)
        if not s.marks[slot + HELD] >> s.whole[LEADER] & 1:
            return Offer(False, "policy")
        evicted: list[int] = []
        while lacks_room(s, LIVE, size):
            victim = stray(s, now)
            give_up(s, victim)
            evicted.append(self._ids[victim // STRIDE])
        keep(s, slot)
        return Offer(True, None, tuple(evicted))

    def row(self, id: int) -> dict[str, float]:
        """An object's features now, but for the time left, by name; empty where the own ranking's
        shadow does not hold it."""
        return self.own.row(id) if id in self.own else {}

    def _see(self, id: int, slot: int, had: int, fresh: bool, now: float) -> None:
        """Show a request to the shadows; `had`: the bits of those that held the object."""
        s, own = self.state, self.own
        self._tell()
        if s.marks[slot + HELD] >> OWN & 1:
            if not had >> LIVE & 1:
                own.renew(id, s.floats[slot + EXPIRES])
            own.touch(id, s.marks[slot + UNTOLD])
        elif self._ranks:
            told = s.floats[slot + EXPIRES], s.floats[slot + LATENCY]
            offer = own.offer(
                id, int(s.floats[slot + SIZE]), expires=told[0], cost=told[1], now=now
            )
            for gone in offer.evicted:
                leave(s, self._slots[gone], OWN)
            s.real[PATIENCE] = GLANCE * own.judge.turnover
            if offer.admitted:
                enter(s, slot, OWN)
        see(s, slot, fresh, had)

    def _tell(self) -> None:
        """Tell the own ranking of the hits that were only glanced at."""
        whole = self.state.whole
        if whole[WAITING_HITS]:
            self.own.judge.climate.hits(whole[WAITING_HITS])
            whole[WAITING_HITS] = 0

    def _take(self, id: int) -> int:
        """A slot for an object that was not known: one that nobody needs, or a new one where none
        is found at once."""
        slot = self._unneeded()
        if slot == NOBODY:
            slot = self._next = len(self._ids) * STRIDE
            self._grow()
        former = self._ids[slot // STRIDE]
        if self._slots.get(former) == slot:
            del self._slots[former]
        self._next = slot + STRIDE
        self._slots[id], self._ids[slot // STRIDE] = slot, id
        self.state.floats[slot + EXPIRES] = 0.0
        return slot

    def _unneeded(self) -> int:
        """Of a few slots, in turn, one that no cache holds, remembers or has in its heap."""
        marks, slot = self.state.marks, self._next
        for _ in range(_LOOKS):
            if slot >= len(marks):
                slot = FIRST
            if not (marks[slot + HELD] or marks[slot + PLACE] or marks[slot + WAITS]):
                return slot
            slot += STRIDE
        self._next = slot
        return NOBODY

    def _grow(self) -> None:
        for column, width in zip(self.state, WIDTHS, strict=False):
            column.frombytes(bytes(column.itemsize * width * _MORE))
        self._ids.frombytes(bytes(8 * _MORE))

    # From an engine and back.

    @classmethod
    def around(cls, engine: Engine, policy: Policy) -> Follower:
        """A follower that holds what the engine does, and goes on from there."""
        made = cls(
            policy,
            capacity=engine.capacity,
            max_objects=engine.judge.max_objects,
            k=engine.judge.k,
            batch=engine.judge.batch,
            seed=engine.seed,
        )
        held = engine.known()
        if made._ranks:
            engine.use(made.own.policy)
            made.own = engine
        made.own.judge.clock = engine.judge.clock
        for one in held:
            made._settle(one)
        made.state.whole[REQUESTS] = 0
        return made

    def alone(self, now: float) -> tuple[Engine, tuple[int, ...]]:
        """An engine that holds the same, and what it had to evict for that."""
        engine, s, live = self.own, self.state, set(self.ids())
        self._tell()
        for id in [id for id in engine.ids() if id not in live]:
            engine.drop(id)
        for id in [id for id in self.ids() if id not in engine]:
            floats = s.floats[self._slots[id] : self._slots[id] + STRIDE]
            told = {"expires": floats[EXPIRES], "cost": floats[LATENCY], "now": now}
            engine.offer(id, int(floats[SIZE]), **told)
        return engine, tuple(id for id in live if id not in engine)

    def _settle(self, one: Known) -> None:
        """Take an object of an engine over; the ones asked for last come last."""
        s, slot = self.state, self._take(one.id)
        fetched(s, slot, float(one.size), one.cost)
        s.floats[slot + EXPIRES] = one.expires
        if self._ranks:
            enter(s, slot, OWN)
        see(s, slot, False, 0)
        s.floats[slot + LOOKED] = NEVER
        keep(s, slot)
