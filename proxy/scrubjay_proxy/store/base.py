"""What the proxy's flow asks of a store. One contract suite is run on every home of it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from scrubjay_proxy.http.messages import Stored
from scrubjay_proxy.http.ranges import Span
from scrubjay_proxy.http.why import Why


class Reason(StrEnum):
    """Why a stored response was removed; also the metric label."""

    EVICTED = "evicted"
    EXPIRED = "expired"
    PURGED = "purged"
    INVALIDATED = "invalidated"
    REPLACED = "replaced"


class Vanished(LookupError):
    """A stored response was removed before its body was read."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Bytes of bodies held, responses held, the budget for bytes, and bytes being written."""

    bytes: int
    objects: int
    capacity: int
    filling: int


@dataclass(frozen=True, slots=True)
class Selector:
    """Which stored responses to purge: by key, by path on any host, by key prefix, by tag,
    by cache group of an origin."""

    keys: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    tags: frozenset[str] = frozenset()
    groups: frozenset[tuple[str, str]] = frozenset()


class Writer(Protocol):
    """A response on its way in; what it refused is in `why`, None: it will be kept."""

    why: Why | None

    async def add(self, data: bytes) -> None:
        """Append bytes; a writer that refused takes no more and says nothing."""

    async def commit(self, stored: Stored) -> bool:
        """Make it visible as `stored`, all or nothing. False: refused, see `why`."""


class Store(Protocol):
    """Stored responses by key, and room made for new ones by the policy.

    `max_object` is the largest body it takes, bytes.
    """

    max_object: int

    async def find(self, key: str) -> Sequence[Stored]:
        """All variants stored under a key. No side effect."""

    def peek(self, key: str) -> Sequence[Stored] | None:
        """The same where this process knows it without asking, else None. The sequence itself
        never changes: as long as it is the same one, so is what is stored under the key."""

    def body(self, stored: Stored) -> bytes | None:
        """The whole body where this process has it at hand, of this very generation."""

    def seen(self) -> None:
        """Count a request that looked into the cache: the policies' clock."""

    def used(self, stored: Stored) -> None:
        """Note that a stored response answered a request."""

    def read(self, stored: Stored, span: Span) -> AsyncGenerator[bytes, None]:
        """The bytes of a span; raises Vanished before the first where it is gone."""

    def write(
        self, stored: Stored, length: int | None, first: int = 0
    ) -> AbstractAsyncContextManager[Writer]:
        """Begin to take a response in, from byte `first` on, `length` bytes where that is
        known; not committed is never happened."""

    async def refresh(self, stored: Stored) -> None:
        """Replace what is known of a stored response, its body staying as it is."""

    async def remove(self, stored: Stored, reason: Reason) -> int:
        """Remove this generation of a response; bytes really freed."""

    async def purge(self, selector: Selector, *, soft: bool, reason: Reason) -> int:
        """Remove, or with `soft` mark stale, all that match; how many."""

    def usage(self) -> Usage:
        """What it holds now."""
