"""A replay through a proxy on a shared store: every byte is right, whatever server dies."""

from __future__ import annotations

import asyncio
import contextlib

import numpy as np
import pytest

from loopback.redis_cluster import redis_cluster
from loopback.redis_server import redis_server
from scrubjay_proxy.app import Proxy
from scrubjay_proxy.settings import Settings
from scrubjay_replay.content import Content, catalog
from scrubjay_replay.drive import drive
from scrubjay_replay.origin import TraceOrigin
from scrubjay_replay.outcome import Verdict
from scrubjay_replay.pace import FASTEST
from scrubjay_replay.trace import requests

LARGE = 300_000  # in more than one block
SLOWEST = 5.0  # seconds; a request waits 100 ms for a shard at most, but tests share a machine


def a_trace(length, seed=1, objects=200):
    """Zipf requests for objects of up to 20 kB, and for some that are large."""
    random = np.random.default_rng(seed)
    weights = 1.0 / np.arange(1, objects + 1) ** 0.9
    keys = random.choice(objects, size=length, p=weights / weights.sum())
    sizes = np.random.default_rng(0).integers(1, 20_000, size=objects)
    sizes[5::40] = LARGE
    return requests(np.arange(length) / 1000, keys, sizes[keys])


@contextlib.asynccontextmanager
async def replaying(store, trace, capacity="64MiB", timeout="100ms"):
    """A proxy in front of an origin of the trace."""
    async with TraceOrigin(Content(catalog(trace), seed=0), run="cluster", port=0) as origin:
        settings = {
            "proxy.origin": origin.url,
            "proxy.listen": "127.0.0.1:0",
            "control.listen": "127.0.0.1:0",
            "cache.capacity": capacity,
            "cache.policy": "lru",
            "cache.store": store.url,
            "redis.timeout": timeout,
        }
        async with Proxy(Settings.load(None, settings)) as proxy:
            yield origin, f"http://127.0.0.1:{proxy.port}"


def right(outcome):
    """Whether all was answered, and rightly."""
    assert outcome.faults == []
    assert outcome.sent == len(outcome.verdict)
    assert not {*outcome.verdict.tolist()} & {Verdict.FAILED, Verdict.WRONG}
    return True


async def objects(master):
    async with master.client() as client:
        return len(await client.keys("{sj*}o*"))


async def test_every_byte_of_a_replay_is_right_and_all_masters_hold_objects(tmp_path):
    trace = a_trace(1500)
    async with (
        redis_cluster(tmp_path) as cluster,
        replaying(cluster, trace, timeout="1s") as (origin, proxy),
    ):
        outcome = await drive(trace, through=proxy, origin=origin, pace=FASTEST, concurrency=32)
        assert right(outcome)
        assert sum(outcome.hits()) > len(trace.key) / 2
        assert all([await objects(master) > 10 for master in cluster.masters])


async def test_too_small_a_cache_makes_room_in_every_shard(tmp_path):
    trace = a_trace(1000)
    async with (
        redis_cluster(tmp_path) as cluster,
        replaying(cluster, trace, "640KiB", "1s") as (origin, proxy),
    ):
        assert right(await drive(trace, through=proxy, origin=origin, pace=FASTEST))
        held = 0
        for master in cluster.masters:
            async with master.client() as client:
                for meta in await client.keys("{sj*}meta"):
                    used = int(await client.hget(meta, "used") or 0)
                    assert used <= 40 * 1024
                    held += used
        assert held > 320 * 1024


@contextlib.asynccontextmanager
async def sharing(directory, kind):
    """A Redis of that kind, and the server of it that will be lost."""
    if kind == "cluster":
        async with redis_cluster(directory) as cluster:
            yield cluster, cluster.masters[1]
    else:
        async with redis_server(directory) as server:
            yield server, server


@pytest.mark.parametrize("kind", ["cluster", "server"])
@pytest.mark.parametrize("hurt", ["killed", "frozen"])
async def test_a_server_is_lost_under_load_and_everything_is_answered(tmp_path, kind, hurt):
    trace = a_trace(1500)
    third, two_thirds = asyncio.Event(), asyncio.Event()

    def progress(done):
        if done > len(trace.key) / 3:
            third.set()
        if done > len(trace.key) * 2 / 3:
            two_thirds.set()

    async with (
        sharing(tmp_path, kind) as (store, lost),
        replaying(store, trace) as (origin, proxy),
    ):
        replay = asyncio.ensure_future(
            drive(trace, through=proxy, origin=origin, pace=FASTEST, progress=progress)
        )
        await third.wait()
        if hurt == "killed":
            await lost.kill()
        else:
            lost.freeze()
        await two_thirds.wait()
        if hurt == "killed":
            await lost.start()
        else:
            lost.thaw()
        outcome = await replay
        assert right(outcome)
        assert outcome.latency.max() < SLOWEST
        async with lost.client() as client, asyncio.timeout(60):
            await client.flushdb()
            while await objects(lost) < 10:
                assert right(await drive(a_trace(300), through=proxy, origin=origin))
