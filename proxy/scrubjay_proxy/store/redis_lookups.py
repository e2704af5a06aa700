"""From keys to what is stored under them, by callbacks: no task waits for it.

Whoever looks for one key in one turn of the loop asks Redis once. What stands before a body is
unpacked once and then known by its bytes, so that a hit costs a hash of the body.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from scrubjay_proxy.http.messages import Stored
from scrubjay_proxy.recent import Recent
from scrubjay_proxy.store.base import StoreFailed, object_id
from scrubjay_proxy.store.hot import Found, Hot
from scrubjay_proxy.store.packing import Opened, Packed, head_end, open_head, with_body
from scrubjay_proxy.store.redis_keys import Keys
from scrubjay_proxy.store.redis_server import Answer, Gets
from scrubjay_proxy.store.redis_shards import Shards
from scrubjay_proxy.store.unpacked import Variants

_HANDED = 256  # objects that a lookup brought, until their bodies are asked for
_PLACES = 8_192  # twice
_HEADS = 8 * 2**20  # bytes of heads and of what they were unpacked to, twice

Drop = Callable[[int, int, bytes], None]  # shard, id, and generation, or b"" for any
_Values = list[tuple[int, bytes | None]]  # by id
Told = Callable[[list[Packed] | StoreFailed], None]


class _Place(NamedTuple):
    """Where a key is."""

    shard: int
    base: int
    keys: Keys
    wanted: tuple[bytes, bytes]


class _Head(NamedTuple):
    """What stands before a body, and the variants of its key if it is the only one."""

    opened: Opened
    alone: Variants
    length: int  # packed


class _Lookup:
    """A key that is asked for, and who waits for it."""

    __slots__ = ("asked", "done", "key", "place", "since", "told")

    def __init__(self, key: str, place: _Place, since: int) -> None:
        self.key, self.place, self.since = key, place, since
        self.asked: Gets | None = None
        self.told: list[Told] = []
        self.done: list[Callable[[], bool]] = []


class Lookups:
    """`handed` has objects by id until their bodies are asked for, `now` the variants by key while
    those who waited for them are at it; `drop` is told of what is garbled."""

    def __init__(self, shards: Shards, hot: Hot, drop: Drop) -> None:
        self.handed: dict[int, Packed] = {}
        self.now: dict[str, Sequence[Stored]] = {}
        self._shards, self._hot, self._drop = shards, hot, drop
        self._waited: dict[str, _Lookup] = {}
        self._places: Recent[str, _Place] = Recent(_PLACES)
        self._heads: Recent[bytes, _Head] = Recent(_HEADS, _weight)
        self._variants: Recent[str, Variants] = Recent(_PLACES)

    def look(self, key: str, told: Told) -> bool:
        """All variants stored under a key, later; False: Redis can't be asked."""
        if (lookup := self._lookup(key)) is None:
            return False
        lookup.told.append(told)
        return True

    def prepare(self, key: str, done: Callable[[], bool]) -> bool:
        """The same; they are in `now` while `done` is called, and if it says so until the tasks
        that it began have had their turn."""
        if (lookup := self._lookup(key)) is None:
            return False
        lookup.done.append(done)
        return True

    def forget(self, stored: Stored) -> None:
        """It is gone, or not what it was."""
        self.handed.pop(stored.id, None)
        self.now.pop(stored.key, None)

    def clear(self) -> None:
        """Something may be gone."""
        self.handed.clear()
        self.now.clear()

    def place(self, key: str) -> _Place:
        """Where a key is."""
        place = self._places.get(key)
        if place is None:
            shard, base = self._shards.of(key), object_id(key, ())
            keys = self._shards.keys[shard]
            place = _Place(shard, base, keys, (keys.object(base), keys.variants(base)))
            self._places.put(key, place)
        return place

    def _lookup(self, key: str) -> _Lookup | None:
        lookup = self._waited.get(key)
        if lookup is not None and lookup.asked is not None and not lookup.asked.packed:
            return lookup
        place = self.place(key)
        lookup = _Lookup(key, place, self._hot.stamp)
        lookup.asked = self._shards.link.look(
            place.shard, place.wanted, partial(self._heard, lookup)
        )
        if lookup.asked is None:
            return None
        self._waited[key] = lookup
        return lookup

    def _heard(self, lookup: _Lookup, answer: Answer) -> None:
        if isinstance(answer, Exception):
            self._end(lookup, self._shards.failure("find", answer))
            return
        plain, variants = answer
        found = [(lookup.place.base, plain)]
        if not variants:
            self._end(lookup, found)
            return
        ids = [int.from_bytes(variants[at : at + 8], "big") for at in range(0, len(variants), 8)]
        objects = [lookup.place.keys.object(id) for id in ids]
        told = partial(self._heard_all, lookup, found, ids)
        if self._shards.link.look(lookup.place.shard, objects, told) is None:
            self._end(lookup, StoreFailed("it went away in between"))

    def _heard_all(self, lookup: _Lookup, found: _Values, ids: list[int], answer: Answer) -> None:
        if isinstance(answer, Exception):
            self._end(lookup, self._shards.failure("find", answer))
            return
        self._end(lookup, [*found, *zip(ids, answer, strict=True)])

    def _end(self, lookup: _Lookup, found: _Values | StoreFailed) -> None:
        if self._waited.get(lookup.key) is lookup:
            del self._waited[lookup.key]
        if isinstance(found, StoreFailed):
            here: list[Packed] | StoreFailed = found
            variants: Sequence[Stored] = ()
        else:
            here, variants = self._read(lookup, found)
        for told in lookup.told:
            told(here)
        if lookup.done:
            self._hand_over(lookup, variants)

    def _hand_over(self, lookup: _Lookup, variants: Sequence[Stored]) -> None:
        key, needed = lookup.key, False
        self.now[key] = variants
        for done in lookup.done:
            try:
                needed |= done()
            except Exception as error:  # noqa: BLE001  others wait behind it
                context = {"message": "after a lookup", "exception": error}
                asyncio.get_running_loop().call_exception_handler(context)
        if needed:  # by tasks that were begun by now, which have their turn before
            asyncio.get_running_loop().call_soon(self.now.pop, key, None)
        else:
            self.now.pop(key, None)

    def _read(self, lookup: _Lookup, found: _Values) -> tuple[list[Packed], Sequence[Stored]]:
        here, hot = [], []
        variants: Variants | None = None
        for id, data in found:
            if data is None:
                self.handed.pop(id, None)
                continue
            head = data[: head_end(data)]
            opened = self._opened(head)
            packed = self._checked(lookup.place.shard, id, data, opened)
            if opened is not None and packed is not None and packed.stored.key == lookup.key:
                here.append(packed)
                hot.append(Found(packed.stored, head, packed.body))
                variants = opened.alone
        if len(here) > 1:
            variants = self._same(lookup.key, here)
        if here and self._hot.on:
            self._hot.put(hot, lookup.since, variants)
        return here, variants or ()

    def _same(self, key: str, here: list[Packed]) -> Variants:
        """The variants; the same list as the last time where they are the same."""
        before = self._variants.get(key)
        if (
            before is not None
            and len(before) == len(here)
            and all(one is packed.stored for one, packed in zip(before, here, strict=True))
        ):
            return before
        variants = Variants(packed.stored for packed in here)
        self._variants.put(key, variants)
        return variants

    def _opened(self, head: bytes) -> _Head | None:
        known = self._heads.get(head)
        if known is None and (opened := open_head(head)) is not None:
            known = _Head(opened, Variants((opened.stored,)), len(head))
            self._heads.put(head, known)
        return known

    def _checked(self, shard: int, id: int, data: bytes, head: _Head | None) -> Packed | None:
        packed = None if head is None else with_body(head.opened, data, head.length)
        self.handed.pop(id, None)
        if packed is None or packed.stored.id != id:
            self._shards.failed("read")
            self._drop(shard, id, b"")
            return None
        self.handed[id] = packed
        if len(self.handed) > _HANDED:
            del self.handed[next(iter(self.handed))]
        return packed

    def unpacked(self, shard: int, id: int, data: bytes) -> Packed | None:
        """What a value holds, None where it is garbled."""
        return self._checked(shard, id, data, self._opened(data[: head_end(data)]))


def _weight(head: bytes) -> int:
    return 1_024 + 4 * len(head)
