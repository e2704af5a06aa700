"""Lifetimes that the live proxy learns are those of the simulation, request by request."""

import math

import numpy as np
import pytest

from loopback.control import NoControl
from scrubjay_proxy import app
from scrubjay_proxy.app import Proxy
from scrubjay_proxy.settings import Settings
from scrubjay_replay import holding, synthetic
from scrubjay_replay.client import Address, Client
from scrubjay_replay.content import Written, catalog
from scrubjay_replay.holding import lifetimes
from scrubjay_replay.origin import TraceOrigin
from scrubjay_replay.outcome import Verdict
from scrubjay_replay.prepared import Assumptions, prepare
from scrubjay_replay.synthetic import Workload

BUDGET = "3%"
START = 1_800_000_000.0


class Clock:
    now = START

    def __call__(self) -> float:
        return self.now


def whole_seconds():
    """HTTP dates have no fractions: a row each second."""
    params = {"objects": "15"}
    trace = synthetic.generate(Workload("write-heavy", requests="600", seed=5, params=params))
    return trace._replace(at=np.arange(len(trace.at), dtype=np.float64))


async def live(trace, clock):
    """A verdict for each request, as the origin saw it."""
    content = Written(catalog(trace, ttl=math.nan), trace)
    verdicts = []
    async with TraceOrigin(content, run="r", clock=clock, wall=clock) as origin:
        tree = {"proxy.origin": origin.url, "proxy.listen": "127.0.0.1:0"}
        tree |= {"control.listen": "127.0.0.1:0", "http.staleness": BUDGET}
        async with Proxy(Settings.load(None, tree), clock=clock) as proxy:
            client = Client(Address("127.0.0.1", proxy.port, tls=False))
            for at, key, write in zip(trace.at, trace.key, trace.write, strict=True):
                clock.now = START + float(at)
                if write:
                    continue
                asked, full = origin.asked[key], origin.full[key]
                await client.get(f"/r/{key}", "site.example")
                await proxy.caching.settle()
                fetched, checked = origin.full[key] > full, origin.asked[key] > asked
                verdicts.append(
                    Verdict.MISS if fetched else Verdict.CHECKED if checked else Verdict.HIT
                )
            client.close()
    return verdicts


async def test_the_live_proxy_learns_what_the_simulator_learns(monkeypatch):
    monkeypatch.setattr(app, "ControlServer", NoControl)
    trace = whole_seconds()
    ready = prepare(trace, frozenset(), Assumptions(ttl=math.nan), name="t", sha256="")
    simulated = holding.simulate(ready, lifetimes(f"learned:{BUDGET}"))
    wanted = simulated.verdict[~trace.write]
    assert 0.3 < np.mean(wanted == Verdict.HIT) < 0.9
    assert await live(trace, Clock()) == pytest.approx(wanted)
