"""A scripted origin, and a pool of connections to it."""

import time

import pytest

from loopback.origin import ScriptedOrigin
from scrubjay_proxy.upstream import Address, Origin, OriginLimits


@pytest.fixture
async def scripted():
    async with ScriptedOrigin() as origin:
        yield origin


class Pools:
    """Makes pools with limits of choice; `observed` is (bytes, failure) of each exchange."""

    def __init__(self, port):
        self.port, self.made, self.observed = port, [], []

    def __call__(self, **limits) -> Origin:
        origin = Origin(
            Address("http", "127.0.0.1", self.port),
            OriginLimits(**{"timeout": 5.0, **limits}),
            time.time,
            observe=lambda _, received, failed: self.observed.append((received, failed)),
        )
        self.made.append(origin)
        return origin


@pytest.fixture
async def pool(scripted):
    made = Pools(scripted.port)
    yield made
    for origin in made.made:
        origin.close()
