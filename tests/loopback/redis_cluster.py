"""A Redis Cluster of a test: masters that share the slots evenly, on free ports of loopback."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from loopback.redis_server import RedisServer, free_port

SLOTS = 16384
OPTIONS = ("--cluster-enabled", "yes", "--cluster-node-timeout", "500",
           "--cluster-require-full-coverage", "no")  # fmt: skip


class RedisCluster:
    """Masters, each of which may be killed and started again."""

    def __init__(self, masters: list[RedisServer]) -> None:
        self.masters = masters

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
        await self.agreed()

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


@contextlib.asynccontextmanager
async def redis_cluster(directory: Path, masters: int = 3) -> AsyncIterator[RedisCluster]:
    """One that serves all slots."""
    servers = []
    for n in range(masters):
        own = directory / f"master{n}"
        own.mkdir()
        servers.append(RedisServer(own, *OPTIONS, port=free_port()))
    try:
        for server in servers:
            await server.start()
        cluster = RedisCluster(servers)
        await cluster.join()
        yield cluster
    finally:
        for server in servers:
            await server.kill()
