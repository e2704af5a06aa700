"""A Redis Cluster of a test: masters that share the slots evenly, on free ports of loopback,
and where wanted a replica of each."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from redis.exceptions import ResponseError

from loopback.redis_server import RedisServer, free_port

SLOTS = 16384
OPTIONS = ("--cluster-enabled", "yes", "--cluster-node-timeout", "500",
           "--cluster-require-full-coverage", "no", "--repl-diskless-sync-delay", "0")  # fmt: skip


class RedisCluster:
    """Masters, each of which may be killed and started again."""

    def __init__(self, masters: list[RedisServer], replicas: list[RedisServer]) -> None:
        self.masters, self.replicas = masters, replicas

    @property
    def url(self) -> str:
        """Of one of them, which knows the others."""
        return self.masters[0].url

    def owner(self, slot: int) -> RedisServer:
        """Who had a slot at the start."""
        return self.masters[slot * len(self.masters) // SLOTS]

    async def everywhere(self, *command: Any) -> None:
        """The same command on all."""
        for master in self.masters:
            async with master.client() as client:
                await client.execute_command(*command)

    async def join(self) -> None:
        """Share out the slots and make them one."""
        count = len(self.masters)
        firsts = [-(-SLOTS * n // count) for n in range(count + 1)]
        for n, master in enumerate(self.masters):
            async with master.client() as client:
                await client.execute_command("CLUSTER ADDSLOTSRANGE", firsts[n], firsts[n + 1] - 1)
                await client.execute_command("CLUSTER SET-CONFIG-EPOCH", n + 1)
                await client.execute_command("CLUSTER MEET", "127.0.0.1", self.masters[0].port)
        for n, replica in enumerate(self.replicas, count):
            async with replica.client() as client:
                await client.execute_command("CLUSTER SET-CONFIG-EPOCH", n + 1)
                await client.execute_command("CLUSTER MEET", "127.0.0.1", self.masters[0].port)
        await self.agreed()
        for master, replica in zip(self.masters, self.replicas, strict=False):
            async with master.client() as client:
                master_id = await client.cluster("MYID")
            async with replica.client() as client, asyncio.timeout(20):
                await _follow(client, master_id)

    async def agreed(self) -> None:
        """Return when each sees all slots served."""
        async with asyncio.timeout(20):
            for master in self.masters:
                async with master.client() as client:
                    while await _slots_served(client) < SLOTS:  # noqa: ASYNC110  no event
                        await asyncio.sleep(0.02)


async def _slots_served(client: Any) -> int:
    said = await client.cluster("INFO")
    return int(said["cluster_slots_ok"]) if said["cluster_state"] == "ok" else 0


async def _follow(client: Any, master_id: bytes) -> None:
    """Return when it is a replica that has all its master has."""
    while True:  # until it has heard of its master
        with contextlib.suppress(ResponseError):
            await client.cluster("REPLICATE", master_id)
            break
        await asyncio.sleep(0.02)
    while (await client.info("replication")).get("master_link_status") != "up":  # noqa: ASYNC110
        await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def redis_cluster(
    directory: Path, masters: int = 3, *, replicated: bool = False
) -> AsyncIterator[RedisCluster]:
    """One that serves all slots."""
    servers = []
    for n in range(2 * masters if replicated else masters):
        own = directory / f"server{n}"
        own.mkdir()
        servers.append(RedisServer(own, *OPTIONS, port=free_port()))
    try:
        for server in servers:
            await server.start()
        cluster = RedisCluster(servers[:masters], servers[masters:])
        await cluster.join()
        yield cluster
    finally:
        for server in servers:
            await server.kill()
