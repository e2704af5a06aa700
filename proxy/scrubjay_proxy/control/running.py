"""What the control API needs to know of the proxy it speaks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from scrubjay_policies.shadows.report import Report
from scrubjay_proxy.events import Events
from scrubjay_proxy.meter import Meter
from scrubjay_proxy.models.swapping import Models
from scrubjay_proxy.settings import Settings
from scrubjay_proxy.workers.whole import Whole


@dataclass(frozen=True, slots=True)
class Purge:
    """What to remove, or with `soft` to mark stale; a URL that starts with "/" is on every host."""

    urls: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    soft: bool = False


@dataclass(frozen=True, slots=True)
class Usage:
    """What the store holds, in bytes and objects."""

    bytes: int
    objects: int
    capacity: int


class Running(Protocol):
    """A proxy at work."""

    @property
    def settings(self) -> Settings:
        """As it was started; the policy may have been changed since."""

    @property
    def meter(self) -> Meter:
        """Its own counters."""

    @property
    def events(self) -> Events:
        """What changed lately."""

    @property
    def models(self) -> Models:
        """The model directory."""

    @property
    def draining(self) -> bool:
        """It finishes what it has and takes nothing new."""

    def policy_name(self) -> str:
        """The policy in force."""

    def guard(self) -> Report | None:
        """How the shadow caches of the policy stand, if it has any."""

    async def whole(self) -> Whole:
        """The counters of all processes that serve together with it; raises Unanswered."""

    async def switch_policy(self, name: str) -> None:
        """Evict by another policy from now on, in all of them; raises PolicyError for one that is
        not there."""

    def ready(self) -> dict[str, str]:
        """Each thing it depends on, and "ok" or what is wrong with it."""

    async def purge(self, what: Purge) -> int:
        """Remove or mark stale; gives the number of objects it found."""

    def usage(self) -> Usage:
        """What the store holds now."""
