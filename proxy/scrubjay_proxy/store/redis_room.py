"""Room for newcomers: rows drawn from Redis, the policies' own judgement, and one script that
never lets a shard hold more than its part of the budget."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from scrubjay_policies import rows as at
from scrubjay_policies.judge import Judge
from scrubjay_policies.rows import Row
from scrubjay_proxy.http.why import Why
from scrubjay_proxy.store.base import Reason, Removed
from scrubjay_proxy.store.packing import pack_row, unpack_rows
from scrubjay_proxy.store.redis_keys import number
from scrubjay_proxy.store.redis_lookups import Drop
from scrubjay_proxy.store.redis_record import END, LENGTHS, ROW, Record, unpack_record
from scrubjay_proxy.store.redis_scripts import LOOK, PUBLISH, REFUSE
from scrubjay_proxy.store.redis_shards import Shards

_ROUNDS = 16  # with others who take the room that was made, before a newcomer is given up


@dataclass(frozen=True, slots=True)
class Newcomer:
    """An object that is in Redis but not visible yet; `base` is its key's id without Vary."""

    shard: int
    id: int
    base: int
    generation: int
    blocks: int
    size: int
    expires: float
    cost: float


class Victim(NamedTuple):
    """An object as it was drawn; another generation of it is none."""

    id: bytes
    generation: bytes


class Room:
    """Takes newcomers in, and tells `removed` who left for them, `drop` whose record is garbled."""

    def __init__(
        self,
        shards: Shards,
        judge: Judge,
        *,
        max_variants: int,
        clock: Callable[[], float],
        removed: Removed,
        drop: Drop,
    ) -> None:
        self.judge = judge
        self._shards, self._max_variants = shards, max_variants
        self._clock, self._removed, self._drop = clock, removed, drop

    async def take_in(self, new: Newcomer, coming: Awaitable[object]) -> Why | None:
        """Publish what is `coming`, once there is room; the reason where it is refused. Raises
        StoreFailed."""
        shards, now = self._shards, self._clock()
        size, id = max(1, new.size), number(new.id)
        capacity, most = shards.capacity, shards.max_objects
        k = max(self.judge.k, self.judge.sample(self._held()))
        _, record, ghost, sample = await shards.run(
            "write", new.shard, LOOK, id, size, capacity, most, k
        )
        old = unpack_record(record)
        history = unpack_rows([old.row] if old else [ghost] if ghost else [])
        self._advance(history)
        before = int(history[0, at.SIZE]) if old else 0
        row = self.judge.newcomer(
            history[0] if len(history) else None,
            size,
            expires=new.expires,
            cost=new.cost,
            held=self._held(),
            stays=old is not None,
        )
        if size > capacity or self.judge.refuses(row, now, self._held()):
            return await self._refused(new, row)
        base = new.base if new.base != new.id else None
        kept = Record(new.generation, new.blocks, pack_row(row), base).pack()
        await coming
        for _ in range(_ROUNDS):
            victims, rows = self._victims(new, row, sample, before, k)
            if victims is None:
                return await self._refused(new, row)
            state, freed, variant, sample = await shards.run(
                "write", new.shard, PUBLISH, id, kept, capacity, most, k, self._max_variants,
                *(part for victim in victims for part in victim),
            )  # fmt: skip
            self._left(rows, freed, now)
            if variant >= 0:
                self._removed(Reason.REPLACED, 1, variant)
            if state != b"again":
                return None if state == b"done" else Why.STORE
        return Why.NO_ROOM

    def _advance(self, rows: Row) -> None:
        """What another proxy has seen already has been, for all time to come."""
        if len(rows):
            self.judge.clock = max(self.judge.clock, int(rows[:, at.SEEN].max()))

    def _held(self) -> int:
        return sum(self._shards.objects)

    async def _refused(self, new: Newcomer, row: Row) -> Why:
        await self._shards.run("write", new.shard, REFUSE, number(new.id), pack_row(row))
        return Why.POLICY

    def _victims(
        self, new: Newcomer, row: Row, sample: Sequence[bytes], before: int, k: int
    ) -> tuple[list[Victim] | None, Row]:
        """Whom to remove of a sample, and their rows; None where the newcomer has to go."""
        drawn = self._drawn(new, sample)
        rows = unpack_rows([record[ROW:END] for _, record in drawn])
        if not drawn:
            return [], rows
        self._advance(rows)
        shards, held, now = self._shards, self._held(), self._clock()
        need = float(shards.used[new.shard] - before + max(1, new.size) - shards.capacity)
        # Of a sample that is not all there is only the worst part is known to be bad.
        enough = len(drawn) if len(drawn) < k - 1 else max(1, len(drawn) // 4)
        left, chosen = np.arange(len(drawn)), np.arange(0)
        while True:
            choice = self.judge.choose(rows[left], left, row, need=need, now=now, held=held)
            if choice.refused:
                return None, rows[:0]
            victims = list(choice.victims)
            chosen = np.append(chosen, left[victims])
            left = np.delete(left, victims)
            need -= float(rows[chosen[-len(victims) :], at.SIZE].sum())
            if need <= 0 or len(chosen) >= enough or not len(left):
                return [Victim(drawn[one][0], drawn[one][1][:8]) for one in chosen], rows[chosen]

    def _drawn(self, new: Newcomer, sample: Sequence[bytes]) -> list[tuple[bytes, bytes]]:
        """Ids and records of a sample but the newcomer's own."""
        own, pairs = number(new.id), [*zip(sample[::2], sample[1::2], strict=True)]
        sound = [pair for pair in pairs if len(pair[1]) in LENGTHS]
        if len(sound) < len(pairs):
            for id, record in pairs:
                if len(record) not in LENGTHS:
                    self._drop(new.shard, int.from_bytes(id, "big"), b"")
        return [pair for pair in sound if pair[0] != own]

    def _left(self, rows: Row, freed: Sequence[int], now: float) -> None:
        for row, size in zip(rows, freed, strict=True):
            if size < 0:
                continue  # somebody else freed it first
            self.judge.left(row)
            expired = row[at.EXPIRES] <= now
            self._removed(Reason.EXPIRED if expired else Reason.EVICTED, 1, size)
