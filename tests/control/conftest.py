"""A proxy that only remembers what the control port asked of it."""

from dataclasses import dataclass, field

import pytest

from scrubjay_policies.policy import PolicyError
from scrubjay_proxy.control.running import Purge, Usage
from scrubjay_proxy.meter import Meter
from scrubjay_proxy.settings import Settings
from scrubjay_proxy.workers.whole import Whole


@dataclass
class FakeRunning:
    settings: Settings = field(default_factory=Settings)
    meter: Meter = field(default_factory=lambda: Meter(policies=("gdsf", "lru")))
    draining: bool = False
    policy: str = "gdsf"
    parts: dict[str, str] = field(default_factory=lambda: {"store": "ok"})
    purges: list[Purge] = field(default_factory=list)
    found: int = 1

    def policy_name(self) -> str:
        return self.policy

    async def whole(self) -> Whole:
        return Whole(self.meter)

    async def switch_policy(self, name: str) -> None:
        if name not in ("gdsf", "lru"):
            raise PolicyError(f"no policy is named {name}", hint="there are gdsf, lru")
        self.policy = name

    def ready(self) -> dict[str, str]:
        return self.parts

    async def purge(self, what: Purge) -> int:
        self.purges.append(what)
        return self.found

    def usage(self) -> Usage:
        return Usage(bytes=10, objects=2, capacity=100)


@pytest.fixture
def running() -> FakeRunning:
    return FakeRunning()


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings of whoever runs the tests must not leak into them."""
    import os

    for name in list(os.environ):
        if name.startswith("SCRUBJAY_"):
            monkeypatch.delenv(name)
