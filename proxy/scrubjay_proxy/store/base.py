"""What the proxy's flow asks of a store. One contract suite is run on every home of it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import xxhash

from scrubjay_policies.policy import Policy
from scrubjay_policies.shadows.report import Report
from scrubjay_proxy.http.invalidate import cache_groups, origin_of, surrogate_tags
from scrubjay_proxy.http.keys import variant_key
from scrubjay_proxy.http.messages import Pair, Stored
from scrubjay_proxy.http.ranges import Span
from scrubjay_proxy.http.validate import strong_etag
from scrubjay_proxy.http.why import Why

Part = tuple[int, bytes]  # where it begins
Asked = Callable[[Stored, int], None]  # what for, bytes of its body
Take = Callable[[Stored, bytes], Why | None]  # why it is refused, None: it is kept


class Reason(StrEnum):
    """Why a stored response was removed; also the metric label."""

    EVICTED = "evicted"
    EXPIRED = "expired"
    PURGED = "purged"
    INVALIDATED = "invalidated"
    REPLACED = "replaced"


Removed = Callable[[Reason, int, int], None]  # why, objects, bytes


class Vanished(LookupError):
    """A stored response was removed before its body was read, or while it was."""


class StoreFailed(Exception):
    """The store cannot be asked, so that what it holds stays as it is."""


def joins(before: Stored, stored: Stored) -> bool:
    """Whether a part is of the very representation whose parts are held (RFC 9111, 3.4)."""
    etag = strong_etag(stored.head.headers)
    same = etag is not None and strong_etag(before.head.headers) == etag
    return same and before.length == stored.length


def object_id(key: str, chosen: tuple[Pair, ...]) -> int:
    """The 64-bit id of a stored response: xxh3 of its key and selecting values."""
    return xxhash.xxh3_64_intdigest(variant_key(key, chosen).encode())


@dataclass(frozen=True, slots=True)
class Usage:
    """Bytes of bodies held, responses held, the budget for bytes, and bytes being written; `up`:
    it can be asked."""

    bytes: int
    objects: int
    capacity: int
    filling: int
    up: bool = True


@dataclass(frozen=True, slots=True)
class Selector:
    """Which stored responses to purge: by key, by path on any host, by key prefix, by tag,
    by cache group of an origin."""

    keys: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    tags: frozenset[str] = frozenset()
    groups: frozenset[tuple[str, str]] = frozenset()

    @property
    def searches(self) -> bool:
        """Whether it takes a look at all that is stored."""
        return bool(self.paths or self.prefixes or self.tags or self.groups)

    def names(self, key: str) -> bool:
        """Whether a path or a prefix names that key."""
        path = "/" + key.split("://", 1)[-1].partition("/")[2]
        return path in self.paths or any(map(key.startswith, self.prefixes))

    def labels(self, stored: Stored) -> bool:
        """Whether one of its tags or groups is the response's."""
        headers = stored.head.headers
        if self.tags and not self.tags.isdisjoint(surrogate_tags(headers)):
            return True
        origin = origin_of(stored.key) if self.groups else ""
        return any((origin, group) in self.groups for group in cache_groups(headers))


class Writer(Protocol):
    """A response on its way in; what it refused is in `why`, None: it will be kept."""

    why: Why | None

    async def add(self, data: bytes) -> None:
        """Append bytes; a writer that refused takes no more and says nothing."""

    async def commit(self, stored: Stored) -> bool:
        """Make it visible as `stored`, all or nothing. False: refused, see `why`."""


class Store(Protocol):
    """Stored responses by key, and room made for new ones by the policy.

    `max_object` is the largest body it takes, bytes. `asked`, where it is set, is told of every
    request that is answered, or whose answer is offered.
    """

    max_object: int
    asked: Asked | None

    async def start(self) -> None:
        """Get ready; raises UsageMistake where that cannot be."""

    async def stop(self) -> None:
        """Write what is still to be written, and let go."""

    async def find(self, key: str) -> Sequence[Stored]:
        """All variants stored under a key. No side effect."""

    def peek(self, key: str) -> Sequence[Stored] | None:
        """The same where this process knows it without asking, else None. The sequence itself
        never changes: as long as it is the same one, so is what is stored under the key."""

    def body(self, stored: Stored) -> bytes | None:
        """The whole body where this process has it at hand, of this very generation."""

    def prepare(self, key: str, done: Callable[[], bool]) -> bool:
        """Where `peek` gives None: ask, and call `done` later, within which `peek` and `body`
        give what was found, the body where it is small. They do so until the tasks that it began
        have had their turn, if it returns True. False: it will not be called."""

    def seen(self) -> None:
        """Count a request that looked into the cache: the policies' clock."""

    def used(self, stored: Stored) -> None:
        """Note that a stored response answered a request."""

    def read(self, stored: Stored, span: Span) -> AsyncGenerator[bytes, None]:
        """The bytes of a span; raises Vanished before the first where it is gone, and
        later where it goes under the reader."""

    def write(
        self, stored: Stored, length: int | None, first: int = 0
    ) -> AbstractAsyncContextManager[Writer]:
        """Begin to take a response in, from byte `first` on, `length` bytes where that is
        known; not committed is never happened."""

    @property
    def take(self) -> Take | None:
        """Takes a whole body in at once, where this process can; else None."""

    async def refresh(self, stored: Stored) -> None:
        """Replace what is known of a stored response, its body staying as it is."""

    async def remove(self, stored: Stored, reason: Reason) -> int:
        """Remove this generation of a response; bytes really freed."""

    async def purge(self, selector: Selector, *, soft: bool, reason: Reason) -> int:
        """Remove, or with `soft` mark stale, all that match; how many. Raises StoreFailed
        where that was people's order."""

    @property
    def policy(self) -> Policy:
        """What it evicts by."""

    def use(self, policy: Policy) -> None:
        """Evict by another policy from now on; what is stored stays, as far as it can."""

    def report(self) -> Report | None:
        """How the shadow caches stand; None under a policy without them."""

    def usage(self) -> Usage:
        """What it holds now."""
