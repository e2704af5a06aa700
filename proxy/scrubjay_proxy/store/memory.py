"""The store of one process: bodies in a dictionary, rows and victims by the engine."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

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
from scrubjay_proxy.store.shelf import Shelf

_FILLING = 16 * 2**20  # bytes that may be on their way in however small the cache is
_REFUSALS = {"too-large": Why.TOO_LARGE, "policy": Why.POLICY}


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
        self._shelf = Shelf()
        self.peek = self._shelf.find  # on the hit path: without a call between
        self._generation = 0

    async def start(self) -> None:
        """It is there once it is made."""

    async def stop(self) -> None:
        """It goes with its process."""

    async def find(self, key: str) -> Sequence[Stored]:
        """All variants stored under a key."""
        return self._shelf.find(key) or []

    def body(self, stored: Stored) -> bytes | None:
        """The whole body, where it is held in one piece."""
        held = self._shelf.body(stored)
        return held if held is not None and len(held) == stored.length else None

    def prepare(self, key: str, done: Callable[[], bool]) -> bool:
        """There is nothing to ask."""
        return False

    def seen(self) -> None:
        """Count a request that looked into the cache."""
        self.engine.tick(self._clock())

    def used(self, stored: Stored) -> None:
        """Note that a stored response answered a request."""
        if stored.id not in self.engine:
            return
        self.engine.touch(stored.id)
        if self.asked is not None and (now := self._shelf.at(stored.id)) is not None:
            self.asked(now, len(self._shelf.body(now) or b""))

    async def read(self, stored: Stored, span: Span) -> AsyncGenerator[bytes, None]:
        """The bytes of a span, in one piece."""
        held = self._shelf.body(stored)
        if held is None:
            raise Vanished(stored.key)
        for first, data in _cut(held, stored):
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
        if self._shelf.body(stored) is not None:
            self._shelf.put(stored)
            self.engine.renew(stored.id, stored.expires)

    async def remove(self, stored: Stored, reason: Reason) -> int:
        """Remove this generation of a response."""
        return 0 if self._shelf.body(stored) is None else self._drop(stored.id, reason)

    async def purge(self, selector: Selector, *, soft: bool, reason: Reason) -> int:
        """Remove, or mark stale, all that match."""
        found = list(self._matching(selector))
        for one in found:
            if soft:
                self._mark(one, reason)
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
        return Usage(self.engine.used, len(self._shelf), self.engine.capacity, self.filling)

    def keys(self) -> Iterator[str]:
        """Every key something is stored under."""
        return self._shelf.keys()

    def commit(self, stored: Stored, part: Part) -> Why | None:
        """Take in a finished response; the reason where it is refused."""
        parts = self._joined(stored, part)
        size = sum(len(data) for _, data in parts)
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
            self._shelf.discard(stored.id)
            return _REFUSALS.get(offer.reason or "", Why.NO_ROOM)
        self._generation += 1
        spans = tuple((first, first + len(data)) for first, data in parts)
        body = parts[0][1] if len(parts) == 1 else b"".join(data for _, data in parts)
        self._shelf.put(replace(stored, parts=spans, generation=self._generation), body)
        return None

    def _mark(self, one: int, reason: Reason) -> None:
        """Make it stale from now on."""
        if (stored := self._shelf.at(one)) is None:
            return
        now, unsafe = self._clock(), reason is Reason.INVALIDATED
        self._shelf.put(replace(stored, invalid=unsafe, outdated=not unsafe, expires=now))
        self.engine.renew(one, now)

    def _joined(self, stored: Stored, part: Part) -> list[Part]:
        """The new part, with the stored ones of the very same representation (RFC 9111, 3.4)."""
        if part[0] == 0 and len(part[1]) == stored.length:
            return [part]
        before = self._shelf.at(stored.id)
        held = None if before is None else self._shelf.body(before)
        if before is None or held is None or not joins(before, stored):
            return [part]
        return merge([*_cut(held, before), part])

    def _bound_variants(self, stored: Stored) -> None:
        if stored.id in self.engine:
            return
        variants = self._shelf.find(stored.key)
        if len(variants) >= self.max_variants:
            self._drop(variants[0].id, Reason.REPLACED)

    def _matching(self, selector: Selector) -> Iterator[int]:
        found = dict.fromkeys(one.id for key in selector.keys for one in self._shelf.find(key))
        names = selector.names if selector.paths or selector.prefixes else None
        labels = selector.labels if selector.tags or selector.groups else None
        if names is not None or labels is not None:
            found.update(dict.fromkeys(self._shelf.select(names, labels)))
        return iter(found)

    def _drop(self, one: int, reason: Reason) -> int:
        freed = self.engine.drop(one)
        self._shelf.discard(one)
        self._removed(reason, 1, freed)
        return freed

    def _forget(self, evicted: Sequence[int]) -> None:
        now = self._clock()
        for one in evicted:
            stored = self._shelf.at(one)
            if stored is None:
                continue
            expired, freed = stored.expires <= now, len(self._shelf.body(stored) or b"")
            self._shelf.discard(one)
            self._removed(Reason.EXPIRED if expired else Reason.EVICTED, 1, freed)


def _cut(held: bytes, stored: Stored) -> list[Part]:
    """The parts of what is held, which has them one behind the other."""
    if len(stored.parts) == 1:
        return [(stored.parts[0][0], held)]
    parts, at = [], 0
    for first, beyond in stored.parts:
        parts.append((first, held[at : at + beyond - first]))
        at += beyond - first
    return parts


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
