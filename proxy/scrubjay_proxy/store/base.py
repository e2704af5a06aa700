"""What the proxy's flow asks of a store. One contract suite is run on every home of it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from scrubjay_policies.policy import Policy
from scrubjay_policies.shadows.report import Report
from scrubjay_proxy.http.messages import Stored
from scrubjay_proxy.http.ranges import Span
from scrubjay_proxy.http.why import Why

Asked = Callable[[Stored, int], None]  # what for, bytes of its body


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

    async def refresh(self, stored: Stored) -> None:
        """Replace what is known of a stored response, its body staying as it is."""

    async def remove(self, stored: Stored, reason: Reason) -> int:
        """Remove this generation of a response; bytes really freed."""

    async def purge(self, selector: Selector, *, soft: bool, reason: Reason) -> int:
        """Remove, or with `soft` mark stale, all that match; how many. Raises StoreFailed."""

    @property
    def policy(self) -> Policy:
        """What it evicts by."""

    def use(self, policy: Policy) -> None:
        """Evict by another policy from now on; what is stored stays, as far as it can."""

    def report(self) -> Report | None:
        """How the shadow caches stand; None under a policy without them."""

    def usage(self) -> Usage:
        """What it holds now."""
