from __future__ import annotations

import asyncio

import numpy as np
import pytest

from scrubjay_replay.content import Content, catalog
from scrubjay_replay.drive import HOPELESS, drive
from scrubjay_replay.errors import NoWay
from scrubjay_replay.origin import TraceOrigin
from scrubjay_replay.outcome import Verdict
from scrubjay_replay.pace import FASTEST, SEQUENTIAL, Mode, Pace
from scrubjay_replay.trace import Trace, requests

TRACE = requests(np.arange(6) / 100, [0, 1, 0, 2, 0, 1], [10, 0, 10, 300_000, 10, 0])


def skewed(count: int, keys: int) -> Trace:
    key = (np.random.default_rng(1).zipf(1.3, count) - 1) % keys
    return requests(np.arange(count) / 1000, key, 100 + key % 50)


def origin_of(trace: Trace, **options) -> TraceOrigin:
    change_rate = options.pop("change_rate", 0.0)
    latency = options.pop("latency", 0.0)
    content = Content(catalog(trace, latency=latency), change_rate=change_rate)
    return TraceOrigin(content, run="run", **options)


async def test_the_bare_origin_gives_misses_only_and_every_byte_is_right():
    async with origin_of(TRACE) as origin:
        outcome = await drive(TRACE, through=None, origin=origin)
    assert outcome.verdict.tolist() == [Verdict.MISS] * 6
    assert outcome.received.tolist() == [10, 0, 10, 300_000, 10, 0]
    assert (outcome.origin_requests, outcome.origin_bytes) == (6, 300_030)


@pytest.mark.parametrize("says", [True, False])
@pytest.mark.parametrize("way", ["reverse", "forward"])
async def test_the_sequence_of_hits_is_that_of_the_cache(stub, way, says):
    async with origin_of(TRACE) as origin:
        stub.origin, stub.says = origin.url if way == "reverse" else "", says
        outcome = await drive(TRACE, through=stub.url, origin=origin)
    assert outcome.way == way
    assert outcome.hits() == [False, False, True, False, True, True]
    assert outcome.origin_requests == 3
    assert outcome.faults == []


async def test_several_proxies_take_turns_as_one_site(stub, second):
    second.kept = stub.kept
    async with origin_of(TRACE) as origin:
        stub.origin = second.origin = origin.url
        outcome = await drive(TRACE, through=f"{stub.url}, {second.url}", origin=origin)
    assert outcome.hits() == [False, False, True, False, True, True]
    assert len(stub.requests) == len(second.requests) == 1 + 3  # the probe, and every other one
    assert stub.hosts == second.hosts


async def test_a_small_cache_gives_the_same_sequence_twice(stub):
    trace = skewed(500, 60)
    sequences = []
    for run in ("one", "two"):
        async with TraceOrigin(Content(catalog(trace)), run=run) as origin:
            stub.origin, stub.room = origin.url, 10
            sequences.append((await drive(trace, through=stub.url, origin=origin)).hits())
    assert sequences[0] == sequences[1]
    assert 0 < sum(sequences[0]) < 500


async def test_another_run_never_profits_from_what_an_earlier_one_left(stub):
    for run in ("one", "two"):
        async with TraceOrigin(Content(catalog(TRACE)), run=run) as origin:
            stub.origin = origin.url
            outcome = await drive(TRACE, through=stub.url, origin=origin)
            assert not outcome.hits()[0]


@pytest.mark.parametrize("fault", ["corrupt", "truncate"])
async def test_a_body_that_is_not_the_origins_is_a_fault(stub, fault):
    trace = requests([0], [0], [1000])
    async with origin_of(trace) as origin:
        stub.origin = origin.url
        setattr(stub, fault, True)
        outcome = await drive(trace, through=stub.url, origin=origin)
    wanted = {
        "corrupt": (Verdict.WRONG, "checksum"),
        "truncate": (Verdict.FAILED, "before the end"),
    }
    verdict, why = wanted[fault]
    assert outcome.verdict[0] == verdict
    assert why in outcome.faults[0]


async def test_another_objects_body_is_a_fault(stub):
    trace = requests([0, 1], [0, 1], [50, 50])
    async with origin_of(trace) as origin:
        stub.origin = origin.url
        await drive(trace, through=stub.url, origin=origin)
        names = [f"{origin.url}/run/{key}" for key in (0, 1)]
        stub.kept[names[0]], stub.kept[names[1]] = stub.kept[names[1]], stub.kept[names[0]]
        outcome = await drive(trace, through=stub.url, origin=origin)
    assert outcome.verdict.tolist() == [Verdict.WRONG] * 2
    assert "ETag" in outcome.faults[0]


async def test_errors_of_the_proxy_are_counted_and_a_hopeless_run_stops(stub):
    trace = skewed(1000, 10)
    async with origin_of(trace) as origin:
        stub.origin = origin.url

        def then_refuse(_: int) -> None:
            stub.refuse = True

        outcome = await drive(trace, through=stub.url, origin=origin, progress=then_refuse)
    assert outcome.stopped == f"{HOPELESS} failures in a row"
    assert int(outcome.is_(Verdict.FAILED).sum()) == HOPELESS
    assert "status 503" in outcome.faults[0]


async def test_a_hit_older_than_the_origins_version_is_stale(stub):
    class Clock:
        now = 0.0

        def __call__(self) -> float:
            return self.now

    clock = Clock()
    async with origin_of(TRACE, change_rate=1.0, clock=clock) as origin:
        stub.origin = origin.url
        fresh = await drive(TRACE, through=stub.url, origin=origin)
        clock.now = 2.0
        late = await drive(TRACE, through=stub.url, origin=origin)
    assert not fresh.stale.any()
    assert late.stale.all()
    assert all(late.hits())


@pytest.mark.parametrize("pace", [FASTEST, Pace(Mode.RATE, 2000), Pace(Mode.TIMED, 2)])
async def test_side_by_side_everything_arrives_once(stub, pace):
    trace = skewed(400, 50)
    async with origin_of(trace) as origin:
        stub.origin = origin.url
        outcome = await drive(trace, through=stub.url, origin=origin, pace=pace, concurrency=8)
    assert outcome.sent == len(stub.requests) - 1 == 400
    assert outcome.faults == []
    good = outcome.is_(Verdict.HIT, Verdict.MISS, Verdict.JOINED)
    assert good.all()


async def test_as_fast_as_possible_never_has_two_requests_for_one_key():
    class Watching(TraceOrigin):
        most = 0

        def version(self, key: int) -> int:
            self.most = max(self.most, self.serving[key])
            return super().version(key)

    trace = requests(range(40), [0, 1] * 20, [10] * 40)
    async with Watching(Content(catalog(trace, latency=0.002)), run="run") as origin:
        outcome = await drive(trace, through=None, origin=origin, pace=FASTEST)
    assert outcome.is_(Verdict.MISS).all()
    assert origin.most == 1


async def test_open_loop_sends_on_time_whatever_the_answers_and_counts_what_a_bound_delays():
    trace = requests([0] * 8, range(8), [1] * 8)
    async with origin_of(trace, latency=0.05) as origin:
        pace = Pace(Mode.TIMED)
        wide = await drive(trace, through=None, origin=origin, pace=pace, concurrency=8)
        narrow = await drive(trace, through=None, origin=origin, pace=pace, concurrency=2)
    assert narrow.late == 6
    assert narrow.worst_lag >= 0.1
    assert narrow.worst_lag > wide.worst_lag


async def test_a_stop_finishes_what_is_under_way_and_says_so(monkeypatch):
    trace = requests([0, 0.01, 3600], [0, 1, 2], [1, 1, 1])
    stop = asyncio.Event()
    monkeypatch.setattr("scrubjay_replay.drive.TELL_EVERY", 2)
    async with origin_of(trace) as origin:
        outcome = await drive(
            trace,
            through=None,
            origin=origin,
            pace=Pace(Mode.TIMED),
            stop=stop,
            progress=lambda _: stop.set(),
        )
    assert (outcome.sent, outcome.stopped) == (2, "asked to stop")
    assert outcome.is_(Verdict.MISS).tolist() == [True, True]


async def test_a_proxy_that_leads_elsewhere_gets_an_error_with_the_command_to_use(stub):
    stub.refuse = True
    async with origin_of(TRACE) as origin:
        with pytest.raises(NoWay, match="does not lead to the trace origin") as caught:
            await drive(TRACE, through=stub.url, origin=origin)
    assert "scrubjay serve --origin http://127.0.0.1:8090 --listen " in caught.value.hint
    assert "--origin-listen 127.0.0.1:8090" in caught.value.hint


async def test_nobody_at_the_proxys_address_is_said(unused_tcp_port):
    async with origin_of(TRACE) as origin:
        with pytest.raises(NoWay, match="no proxy answers at"):
            await drive(
                TRACE, through=f"http://127.0.0.1:{unused_tcp_port}", origin=origin, pace=SEQUENTIAL
            )
