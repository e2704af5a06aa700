"""A whole proxy in front of a scripted origin, on loopback, with a clock that tests advance."""

import asyncio
import json
import os
from contextlib import AsyncExitStack

import pytest
from redis import Redis

from loopback.client import Client, Reply, fetch
from loopback.control import NoControl
from loopback.origin import ScriptedOrigin
from loopback.redis_server import redis_server
from scrubjay_proxy import app
from scrubjay_proxy.app import Proxy
from scrubjay_proxy.events import Event
from scrubjay_proxy.settings import Settings

START = 1_800_000_000.0


class Clock:
    """Unix time, standing still until it is told."""

    def __init__(self):
        self.now = START

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


class Running:
    """A proxy at work, and how to talk to it."""

    def __init__(self, proxy: Proxy, clock: Clock, tls=None):
        self.proxy, self.clock, self.tls = proxy, clock, tls
        self.port, self.control_port = proxy.port, proxy.control_port

    async def get(self, target: str, *lines: str, **how) -> Reply:
        """One request on a connection of its own; `method`, `body` and `minor` as in Client.ask."""
        return await fetch(self.port, target, *lines, tls=self.tls, **how)

    def client(self) -> Client:
        return Client(self.port, tls=self.tls)

    async def control(self, target: str, *lines: str, **how) -> Reply:
        """One request to the control port."""
        host = f"Host: 127.0.0.1:{self.control_port}"
        return await fetch(self.control_port, target, host, *lines, **how)

    async def told(self, kind: str, since: int = 0) -> Event:
        """The next event of a kind after the one with that id."""
        async with asyncio.timeout(10):
            async for event in self.proxy.events.follow(since):
                if event.kind == kind:
                    return event
        raise AssertionError(f"it ended without {kind}")

    async def asked(self, target: str, order: object = None) -> tuple[int, object]:
        """An answer of the control port, status and JSON; an order is posted as JSON."""
        how = {} if order is None else {"method": "POST", "body": json.dumps(order).encode()}
        answer = await self.control(target, "Content-Type: application/json", **how)
        return answer.status, json.loads(answer.body)

    async def settle(self) -> None:
        """Wait for what goes on behind the clients' backs."""
        await self.proxy.caching.settle()
        await asyncio.sleep(0)

    @property
    def stored(self) -> int:
        return self.proxy.usage().objects


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch):
    """Settings of whoever runs the tests must not leak into them."""
    for name in [name for name in os.environ if name.startswith("SCRUBJAY_")]:
        monkeypatch.delenv(name)


@pytest.fixture
async def origin():
    async with ScriptedOrigin() as scripted:
        yield scripted


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
async def start(origin, clock, monkeypatch):
    """Starts proxies; keys as in scrubjay.toml: `await start({"cache.capacity": "1MiB"})`."""
    async with AsyncExitStack() as stack:

        async def begin(given=None, *, routes=None, tls=None, control=False) -> Running:
            if not control:
                monkeypatch.setattr(app, "ControlServer", NoControl)
            tree = {
                "proxy.listen": "127.0.0.1:0",
                "control.listen": "127.0.0.1:0",
                "proxy.drain_timeout": "100ms",
                "origin.timeout": "5s",
                **({"routes": routes} if routes else {"proxy.origin": origin.url}),
                **(given or {}),
            }
            proxy = await stack.enter_async_context(Proxy(Settings.load(None, tree), clock=clock))
            return Running(proxy, clock, tls)

        yield begin


@pytest.fixture
async def server(tmp_path):
    """A Redis, and in `redis` a client to look into it."""
    async with redis_server(tmp_path) as one:
        with Redis(unix_socket_path=one.path) as one.redis:
            yield one


@pytest.fixture
async def proxy(start):
    """A proxy with default settings."""
    return await start()


@pytest.fixture
def folder(tmp_path):
    """A model directory."""
    (tmp_path / "models").mkdir()
    return tmp_path / "models"


@pytest.fixture
def drl(start, folder):
    """Starts a proxy under drl that watches the folder."""

    async def begin(given=None, **how):
        told = {"cache.policy": "drl", "models.dir": str(folder), **(given or {})}
        return await start(told, **how)

    return begin
