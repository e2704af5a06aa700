"""A trace replayed through sockets comes out, request by request, as the simulator says."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from loopback.control import NoControl
from parity.worlds import EPOCH, world
from policies.models import written
from scrubjay_proxy import app
from scrubjay_proxy.app import Proxy
from scrubjay_proxy.settings import Settings
from scrubjay_replay.client import Address, Client
from scrubjay_replay.content import Content, catalog
from scrubjay_replay.drive import Replay
from scrubjay_replay.origin import TraceOrigin
from scrubjay_replay.pace import SEQUENTIAL
from scrubjay_replay.simulate import STALE, WRITE, simulate
from scrubjay_replay.trace import chosen
from scrubjay_replay.way import find_way


class Written(Content):
    """Versions that change where the trace has a write."""

    def __init__(self, objects):
        super().__init__(objects)
        self.current = [0] * len(objects)

    def version(self, key, elapsed):
        return self.current[key]


class Timed(Replay):
    """Before each request: the clock as the trace has it, and what was written until then."""

    def follow(self, trace, content):
        self.trace, self.content, self.now, self.row = trace, content, EPOCH, 0

    async def _one(self, number):
        while self.trace.write[self.row]:
            self.content.current[self.trace.key[self.row]] += 1
            self.row += 1
        self.now = EPOCH + self.trace.at[self.row]
        self.row += 1
        await super()._one(number)


@asynccontextmanager
async def proxy(one, origin, objective, clock, model):
    tree = {
        "proxy.origin": origin.url,
        "proxy.listen": "127.0.0.1:0",
        "control.listen": "127.0.0.1:0",
        "cache.capacity": one.cache.capacity,
        "cache.policy": one.policy.name,
        "cache.objective": objective,
        "cache.model": model,
        "cache.sample": one.cache.sample,
        "cache.batch": one.cache.batch,
        "cache.seed": one.cache.seed,
        "cache.deadline": 0,  # whatever else the machine does
        "cache.max_objects": one.cache.max_objects,
    }
    async with Proxy(Settings.load(None, tree), clock=clock) as running:
        yield running


async def live(one, objective, model):
    """Verdicts and staleness of a world's requests through a real proxy and a real origin."""
    trace = one.prepared.trace
    content = Written(catalog(trace))
    async with TraceOrigin(content, run="parity", port=0) as origin:
        replays = []
        async with proxy(
            one, origin, objective, lambda: replays[0].now if replays else EPOCH, model
        ) as running:
            address = Address.of(f"http://127.0.0.1:{running.port}")
            client = Client(address)
            way = await find_way(client, origin)
            asked = chosen(trace, ~trace.write)
            replay = Timed(asked, [(client, way)], origin, stop=asyncio.Event(), progress=None)
            replay.follow(trace, content)
            replays.append(replay)
            outcome = await replay.run(SEQUENTIAL, 1)
            client.close()
    assert not outcome.faults
    return outcome.verdict.tolist(), outcome.stale.tolist()


@pytest.fixture(autouse=True)
def without_control(monkeypatch):
    monkeypatch.setattr(app, "ControlServer", NoControl)


@pytest.mark.parametrize("first", range(0, 100, 10))
async def test_100_random_worlds_come_out_as_simulated(first, tmp_path):
    for seed in range(first, first + 10):
        # The live cost is what the origin took by the clock, which stands still: 0.
        one = world(seed, costs=False)
        simulated = simulate(one.prepared, one.policy, one.cache)
        requests = simulated.verdict != WRITE
        objective = {(1, 0): "object", (0, 0): "byte", (1, 1): "cost"}.get(
            tuple(map(int, one.policy.params[:2])), "object"
        )
        model = written(tmp_path, seed) if one.policy.name == "drl" else ""
        verdicts, stale = await live(one, objective, str(model))
        assert verdicts == simulated.verdict[requests].tolist(), f"world {seed}"
        assert stale == ((simulated.flags[requests] & STALE) > 0).tolist(), f"world {seed}"
