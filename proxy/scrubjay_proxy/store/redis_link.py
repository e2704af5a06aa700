"""The link to Redis: one server or a Cluster behind one face, which asks and never waits long.

What fails fails at once or within the time limit, as StoreDown; who comes back is found by
probes in the background.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from redis.exceptions import ResponseError

from scrubjay_proxy.errors import UsageMistake
from scrubjay_proxy.store.redis_address import Address
from scrubjay_proxy.store.redis_cluster import Cluster
from scrubjay_proxy.store.redis_server import OPENING, Answer, Counts, Gets, Server
from scrubjay_proxy.store.redis_subscription import Subscription
from scrubjay_proxy.store.redis_wire import Argument, Ask, StoreDown, ask_alone, pack

__all__ = ["Link", "Script", "StoreDown"]

LARGE = 64 * 2**10  # what brings as much goes the way of bulk, bytes


@dataclass(frozen=True, slots=True)
class Script:
    """A Lua script; the server knows it by its `sha`."""

    name: str
    source: str
    sha: str = field(init=False)

    def __post_init__(self) -> None:
        sha = hashlib.sha1(self.source.encode(), usedforsecurity=False).hexdigest()
        object.__setattr__(self, "sha", sha)


class Single:
    """One server has all there is."""

    shards = 1

    def __init__(self, server: Server) -> None:
        self._server = server
        self.servers = [server]

    @property
    def up(self) -> bool:
        """Whether it may be asked."""
        return self._server.up

    def at(self, shard: int) -> Server:
        """That server."""
        return self._server

    def group(self, shard: int) -> int:
        """All lookups can be one command."""
        return 0

    def listened(self) -> Address:
        """Where to hear of what is published."""
        return self._server.address

    async def close(self) -> None:
        """Let go of it."""
        await self._server.close()


class Link:
    """To one server, or to a Cluster where it is one. `timeout`: for an operation, seconds.

    `shards` is how many there are, from `start` on; `info` what each server said of itself then,
    by its address.
    """

    def __init__(
        self, url: str, *, timeout: float = 0.1, shards: int = 16, prefix: str = "sj"
    ) -> None:
        self.shards = 1
        self.info: dict[str, bytes] = {}
        self._url, self._timeout = url, timeout
        self._in_cluster = shards, prefix
        self._counts = Counts()
        self._home: Single | Cluster | None = None
        self._subscriptions: list[Subscription] = []

    @property
    def up(self) -> bool:
        """Whether anything may be asked now."""
        return self._home is not None and self._home.up

    @property
    def errors(self) -> int:
        """Connections that broke."""
        return self._counts.errors

    @property
    def timeouts(self) -> int:
        """Connections given up, since an answer was overdue."""
        return self._counts.timeouts

    @property
    def opened(self) -> int:
        """How often a breaker opened."""
        return self._counts.opened

    async def start(self) -> None:
        """Connect. Raises UsageMistake where that cannot work."""
        try:
            address = Address.of(self._url)
        except (ValueError, OSError) as error:
            raise UsageMistake(f"this is no URL of a Redis: {error}") from error
        try:
            await self._open(address)
        except (StoreDown, ResponseError) as error:
            await self.stop()
            raise UsageMistake(
                f"the Redis at {address} cannot be used: {error}",
                hint="see whether it runs there, and whether the URL has the right password",
            ) from error
        for subscription in self._subscriptions:
            subscription.start()

    async def _open(self, address: Address) -> None:
        info: bytes = await ask_alone(address, OPENING, "INFO")
        if b"cluster_enabled:1" in info:
            shards, prefix = self._in_cluster
            cluster = Cluster(
                address, shards=shards, prefix=prefix, timeout=self._timeout, counts=self._counts
            )
            self._home = cluster
            await cluster.open()
        else:
            server = Server(address, self._timeout, self._counts)
            self._home = Single(server)
            await server.open()
        self.shards = self._home.shards
        up = [server.address for server in self._home.servers if server.up]
        self.info = {str(where): await ask_alone(where, OPENING, "INFO") for where in up}

    async def stop(self) -> None:
        """Close all connections."""
        for subscription in self._subscriptions:
            await subscription.stop()
        if self._home is not None:
            await self._home.close()

    def get(self, shard: int, keys: Sequence[bytes]) -> asyncio.Future[list[bytes | None]]:
        """Values of keys; all that are asked for in one turn of the loop are one MGET."""
        home = self._started()
        return home.at(shard).get(home.group(shard), keys, shard)

    def look(
        self, shard: int, keys: Sequence[bytes], told: Callable[[Answer], None]
    ) -> Gets | None:
        """The same for whoever waits for nothing: `told` is called later, with an error too.
        None: the server is down."""
        home = self._started()
        return home.at(shard).look(home.group(shard), keys, shard, told)

    async def run(
        self, shard: int, script: Script, keys: Sequence[bytes], args: Sequence[Argument]
    ) -> Any:
        """What a script answers. Raises StoreDown, and ResponseError where it failed."""
        rest = len(keys), *keys, *args
        try:
            return await self._ask(shard, ("EVALSHA", script.sha, *rest))
        except ResponseError as error:
            if not str(error).startswith("NOSCRIPT"):
                raise
        return await self._ask(shard, ("EVAL", script.source, *rest))

    async def send(self, shard: int, *commands: tuple[Argument, ...], bulk: int = 0) -> list[Any]:
        """Answers to commands, errors of Redis among them; raises StoreDown.

        `bulk`: bytes that will come. What moves much has a connection of its own and time by its
        bytes; there is no order between the two.
        """
        server = self._at(shard)
        asks = [Ask(pack(command), server.due(), shard) for command in commands]
        size = bulk + sum(len(ask.packed) for ask in asks)
        if size > LARGE:
            await server.send_bulk(asks, size)
        else:
            for ask in asks:
                server.send(ask)
        answers = await asyncio.gather(*(ask.future for ask in asks), return_exceptions=True)
        for answer in answers:
            if isinstance(answer, StoreDown):
                raise answer
        return answers

    def subscribe(
        self,
        channel: bytes,
        heard: Callable[[bytes], None],
        lost: Callable[[], None],
        back: Callable[[], None],
    ) -> None:
        """Hear what is published, from `start` on; `back` when it is heard, `lost` when not."""
        self._subscriptions.append(Subscription(channel, self._listened, heard, lost, back))

    async def _ask(self, shard: int, command: tuple[Argument, ...]) -> Any:
        server = self._at(shard)
        ask = Ask(pack(command), server.due(), shard)
        server.send(ask)
        return await ask.future

    def _at(self, shard: int) -> Server:
        return self._started().at(shard)

    def _started(self) -> Single | Cluster:
        if self._home is None:
            raise StoreDown("not started")
        return self._home

    def _listened(self) -> Address:
        return self._started().listened()
