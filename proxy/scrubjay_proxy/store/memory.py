"""The store of one process: bodies in a dictionary, rows and victims by the engine."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from scrubjay_policies.caches import Cache, under
from scrubjay_policies.follower import Follower
from scrubjay_policies.policy import Policy
from scrubjay_policies.shadows.report import Report
from scrubjay_proxy.http.messages import Stored
from scrubjay_proxy.http.ranges import Span, merge
from scrubjay_proxy.http.why import Why
from scrubjay_proxy.store.base import (
    Asked,
    Part,
    Reason,
    Removed,
    Selector,
    Usage,
    Vanished,
    joins,
)

_FILLING = 16 * 2**20  # bytes that may be on their way in however small the cache is
_REFUSALS = {"too-large": Why.TOO_LARGE, "policy": Why.POLICY}


@dataclass(slots=True)
class _Entry:
    stored: Stored
    parts: list[Part]


class MemoryStore:
    """Bounded by bytes of bodies (`engine.capacity`) and by number of objects.

    Bodies on their way in are bounded apart, by `max_filling`: as much again. `removed` is told of
    every removal.
    """

    def __init__(
        self,
        engine: Cache,
        *,
        max_object: int,
        max_variants: int,
        max_filling: int | None = None,
        clock: Callable[[], float],
        removed: Removed = lambda *_: None,
    ) -> None:
        self.engine = engine
        self.asked: Asked | None = None
        self.max_object, self.max_variants = max_object, max_variants
        self.filling = 0
        self.max_filling = max_filling or max(engine.capacity, _FILLING)
        self._clock, self._removed = clock, removed
        self._entries: dict[int, _Entry] = {}
        self._by_key: dict[str, tuple[Stored, ...]] = {}  # the variants, the oldest first
        self._generation = 0

    async def start(self) -> None:
        """It is there once it is made."""

    async def stop(self) -> None:
        """It goes with its process."""

    async def find(self, key: str) -> Sequence[Stored]:
        """All variants stored under a key."""
        return [*self._by_key.get(key, ())]

    def peek(self, key: str) -> Sequence[Stored] | None:
        """The variants; a new tuple whenever one of them changes."""
        return self._by_key.get(key, ())

    def body(self, stored: Stored) -> bytes | None:
        """The whole body, where it is held in one piece."""
        entry = self._entries.get(stored.id)
        if entry is None or entry.stored.generation != stored.generation:
            return None
        first, data = entry.parts[0]
        return data if first == 0 and len(data) == stored.length else None

    def seen(self) -> None:
        """Count a request that looked into the cache."""
        self.engine.tick(self._clock())

    def used(self, stored: Stored) -> None:
        """Note that a stored response answered a request."""
        if (entry := self._entries.get(stored.id)) is None:
            return
        self.engine.touch(stored.id)
        if self.asked is not None:
            self.asked(entry.stored, sum(len(data) for _, data in entry.parts))

    async def read(self, stored: Stored, span: Span) -> AsyncGenerator[bytes, None]:
        """The bytes of a span, in one piece."""
        entry = self._entries.get(stored.id)
        if entry is None or entry.stored.generation != stored.generation:
            raise Vanished(stored.key)
        for first, data in entry.parts:
            if first <= span[0] and span[1] <= first + len(data):
                whole = span == (first, first + len(data))
                yield data if whole else data[span[0] - first : span[1] - first]
                return
        raise Vanished(stored.key)

    @asynccontextmanager
    async def write(
        self, stored: Stored, length: int | None, first: int = 0
    ) -> AsyncIterator[MemoryWriter]:
        """Begin to take a response in."""
        writer = MemoryWriter(self, first)
        if length is not None and length > self.max_object:
            writer.why = Why.TOO_LARGE
        try:
            yield writer
        finally:
            writer.drop()

    def take(self, stored: Stored, body: bytes) -> Why | None:
        """Take a whole body in at once; why not, if it is refused."""
        if len(body) > self.max_object:
            return Why.TOO_LARGE
        if self.filling + len(body) > self.max_filling:
            return Why.NO_ROOM
        return self.commit(stored, (0, body))

    async def refresh(self, stored: Stored) -> None:
        """Replace what is known of a stored response."""
        entry = self._entries.get(stored.id)
        if entry is not None and entry.stored.generation == stored.generation:
            self._show(entry, stored)
            self.engine.renew(stored.id, stored.expires)

    async def remove(self, stored: Stored, reason: Reason) -> int:
        """Remove this generation of a response."""
        entry = self._entries.get(stored.id)
        if entry is None or entry.stored.generation != stored.generation:
            return 0
        return self._drop(stored.id, reason)

    async def purge(self, selector: Selector, *, soft: bool, reason: Reason) -> int:
        """Remove, or mark stale, all that match."""
        found = list(self._matching(selector))
        for one in found:
            if soft:
                entry = self._entries[one]
                now = self._clock()
                unsafe = reason is Reason.INVALIDATED
                marked = replace(entry.stored, invalid=unsafe, outdated=not unsafe, expires=now)
                self._show(entry, marked)
                self.engine.renew(one, now)
            else:
                self._drop(one, reason)
        return len(found)

    @property
    def policy(self) -> Policy:
        """What it evicts by."""
        return self.engine.policy

    def report(self) -> Report | None:
        """How the shadow caches stand."""
        return self.engine.report() if isinstance(self.engine, Follower) else None

    def use(self, policy: Policy) -> None:
        """Evict by another policy from now on; what is stored stays, as far as it can."""
        self.engine, gone = under(self.engine, policy, self._clock())
        self._forget(gone)

    def usage(self) -> Usage:
        """What it holds now."""
        return Usage(self.engine.used, len(self._entries), self.engine.capacity, self.filling)

    def keys(self) -> Iterator[str]:
        """Every key something is stored under."""
        return iter(self._by_key)

    def commit(self, stored: Stored, part: Part) -> Why | None:
        """Take in a finished response; the reason where it is refused."""
        parts = self._joined(stored, part)
        size = sum(len(data) for _, data in parts)
        entry = _Entry(stored, parts)
        self._bound_variants(stored)
        offer = self.engine.offer(
            stored.id,
            size,
            expires=stored.expires,
            cost=max(0.0, stored.times.received - stored.times.requested),
            now=self._clock(),
        )
        if self.asked is not None:
            self.asked(stored, size)
        self._forget(offer.evicted)
        if not offer.admitted:
            self._discard(stored.id)
            return _REFUSALS.get(offer.reason or "", Why.NO_ROOM)
        self._generation += 1
        spans = tuple((first, first + len(data)) for first, data in parts)
        self._show(entry, replace(stored, parts=spans, generation=self._generation))
        self._entries[stored.id] = entry
        return None

    def _show(self, entry: _Entry, stored: Stored) -> None:
        """From now on this is found, in its former place or as the newest variant."""
        entry.stored = stored
        variants = {one.id: one for one in self._by_key.get(stored.key, ())}
        variants[stored.id] = stored
        self._by_key[stored.key] = tuple(variants.values())

    def _joined(self, stored: Stored, part: Part) -> list[Part]:
        """The new part, with the stored ones of the very same representation (RFC 9111, 3.4)."""
        before = self._entries.get(stored.id)
        whole = part[0] == 0 and len(part[1]) == stored.length
        if before is None or whole or not joins(before.stored, stored):
            return [part]
        return merge([*before.parts, part])

    def _bound_variants(self, stored: Stored) -> None:
        variants = self._by_key.get(stored.key, ())
        new = all(one.id != stored.id for one in variants)
        if new and len(variants) >= self.max_variants:
            self._drop(variants[0].id, Reason.REPLACED)

    def _matching(self, selector: Selector) -> Iterator[int]:
        keys = dict.fromkeys(selector.keys)
        if selector.paths or selector.prefixes:
            keys.update(dict.fromkeys(filter(selector.names, self._by_key)))
        found = dict.fromkeys(one.id for key in keys for one in self._by_key.get(key, ()))
        if selector.tags or selector.groups:
            labelled = (id for id, one in self._entries.items() if selector.labels(one.stored))
            found.update(dict.fromkeys(labelled))
        return iter(found)

    def _drop(self, one: int, reason: Reason) -> int:
        freed = self.engine.drop(one)
        self._discard(one)
        self._removed(reason, 1, freed)
        return freed

    def _forget(self, evicted: Sequence[int]) -> None:
        now = self._clock()
        for one in evicted:
            entry = self._entries[one]
            expired = entry.stored.expires <= now
            freed = sum(len(data) for _, data in entry.parts)
            self._discard(one)
            self._removed(Reason.EXPIRED if expired else Reason.EVICTED, 1, freed)

    def _discard(self, one: int) -> None:
        entry = self._entries.pop(one, None)
        if entry is None:
            return
        key = entry.stored.key
        siblings = tuple(other for other in self._by_key[key] if other.id != one)
        if siblings:
            self._by_key[key] = siblings
        else:
            del self._by_key[key]


class MemoryWriter:
    """A body on its way into the store."""

    def __init__(self, store: MemoryStore, first: int) -> None:
        self.why: Why | None = None
        self._store, self._first = store, first
        self._pieces: list[bytes] = []
        self._size = 0

    async def add(self, data: bytes) -> None:
        """Append bytes, until they are too many."""
        if self.why is not None:
            return
        self._size += len(data)
        self._store.filling += len(data)
        self._pieces.append(data)
        if self._size > self._store.max_object:
            self.why = Why.TOO_LARGE
        elif self._store.filling > self._store.max_filling:
            self.why = Why.NO_ROOM
        if self.why is not None:
            self.drop()

    async def commit(self, stored: Stored) -> bool:
        """Make it visible."""
        if self.why is None:
            body = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
            self.why = self._store.commit(stored, (self._first, body))
        return self.why is None

    def drop(self) -> None:
        """Forget the bytes gathered; after a commit the store has its own."""
        self._store.filling -= self._size
        self._size = 0
        self._pieces = []
