"""A Redis Cluster: which of its servers has which shard, and what happens while that changes.

Every shard's keys have one hash tag, so they lie in one slot, and one master has them. A master
that is down costs its own shards alone.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from functools import partial
from typing import Any

from redis.crc import key_slot
from redis.exceptions import ResponseError

from scrubjay_proxy.store.breaker import Breaker
from scrubjay_proxy.store.redis_address import Address
from scrubjay_proxy.store.redis_server import OPENING, Counts, Server
from scrubjay_proxy.store.redis_wire import Ask, StoreDown, ask_alone, pack

Place = tuple[str, int]  # host and port

LOOK = 1.0  # seconds between two looks at the topology while anything is amiss
_HOPS = 3
_BREATH = 0.05


def places_of(answer: Sequence[Any], asked: str, slots: Sequence[int]) -> list[Place | None]:
    """Who has each slot, from the answer to CLUSTER SLOTS of the host `asked`."""
    found: list[Place | None] = []
    for slot in slots:
        owner = next((row[2] for row in answer if row[0] <= slot <= row[1]), None)
        if owner is None or owner[0] == b"?":
            found.append(None)
        else:
            found.append(((owner[0] or b"").decode() or asked, int(owner[1])))
    return found


def redirection(error: str, asked: str) -> tuple[str, Place] | None:
    """MOVED or ASK, and where to; None where an error is neither."""
    word, _, rest = error.partition(" ")
    if word not in {"MOVED", "ASK"}:
        return None
    host, _, port = rest.split()[1].rpartition(":")
    return word, (host or asked, int(port))


class Cluster:
    """The masters that have shards. `seed` is any server of it, `timeout` in seconds."""

    def __init__(
        self, seed: Address, *, shards: int, prefix: str, timeout: float, counts: Counts
    ) -> None:
        self.shards = shards
        self._seed, self._timeout, self._counts = seed, timeout, counts
        self._tags = [f"{{{prefix}{n}}}".encode() for n in range(shards)]
        self._slots = [key_slot(tag) for tag in self._tags]
        self._servers: dict[Place, Server] = {}
        self._nowhere = Server(seed, timeout, counts)  # never connected
        self._places = [self._nowhere] * shards
        self._cut: dict[int, Breaker] = {}  # shards whose slot nobody serves
        self._stirred = asyncio.Event()
        self._tending: asyncio.Task[None] | None = None
        self._turn = 0

    @property
    def up(self) -> bool:
        """Whether any shard may be asked."""
        return any(self.at(shard).up for shard in range(self.shards))

    @property
    def servers(self) -> list[Server]:
        """Those that have shards."""
        return list(self._servers.values())

    def at(self, shard: int) -> Server:
        """The server to ask; one that is down where there is none."""
        return self._nowhere if shard in self._cut else self._places[shard]

    def group(self, shard: int) -> int:
        """Lookups of one group can be one command: a Cluster takes no more than one slot's."""
        return shard

    def listened(self) -> Address:
        """A server to hear of what is published, in turn: a Cluster tells it everywhere."""
        self._turn += 1
        up = [server.address for server in self._servers.values() if server.up]
        return up[self._turn % len(up)] if up else self._seed

    async def open(self) -> None:
        """Learn who has what, and connect. Raises StoreDown."""
        if not await self._learn():
            raise StoreDown("no server of the Cluster says which of them has the slots")
        self._tending = asyncio.get_running_loop().create_task(self._tend())

    async def close(self) -> None:
        """Let go of all."""
        if self._tending is not None:
            self._tending.cancel()
            await asyncio.gather(self._tending, return_exceptions=True)
        for server in self._servers.values():
            await server.close()

    # Who has what.

    async def _learn(self) -> bool:
        """Ask one after another for the topology, and follow the first that knows."""
        self._turn += 1
        up = [server.address for server in self._servers.values() if server.up]
        turn = self._turn % len(up) if up else 0
        for address in (*up[turn:], *up[:turn], self._seed):
            with contextlib.suppress(StoreDown, ResponseError):
                answer = await ask_alone(address, OPENING, "CLUSTER", "SLOTS")
                places = places_of(answer, address.host or "127.0.0.1", self._slots)
                if any(places):
                    await self._move(places)
                    return True
        return False

    async def _move(self, places: Sequence[Place | None]) -> None:
        new = [place for place in {*places} - self._servers.keys() if place is not None]
        servers = [self._new_server(place) for place in new]
        opened = await asyncio.gather(
            *(server.open() for server in servers), return_exceptions=True
        )
        for place, server, error in zip(new, servers, opened, strict=True):
            if isinstance(error, StoreDown):
                server.begin()
            if self._servers.setdefault(place, server) is not server:
                await server.close()
        for shard, owner in enumerate(places):
            self._places[shard] = self._servers[owner] if owner else self._nowhere
        for place in self._servers.keys() - {*places}:
            await self._servers.pop(place).close()

    def _new_server(self, place: Place) -> Server:
        redirected = partial(self._redirected, place[0])
        address = self._seed.at(*place)
        return Server(address, self._timeout, self._counts, redirected=redirected, writable=False)

    async def _tend(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stirred.wait(), LOOK)
            if self._stirred.is_set() or not all(server.up for server in self._places):
                self._stirred.clear()
                await self._learn()
            now = asyncio.get_running_loop().time()
            due = [shard for shard, cut in self._cut.items() if cut.probe_at <= now]
            await asyncio.gather(*map(self._probe, due))
            await asyncio.sleep(_BREATH)

    async def _probe(self, shard: int) -> None:
        """See whether a shard that was cut off is served again."""
        server = self._places[shard]
        ask = Ask(pack(("EXISTS", self._tags[shard] + b"meta")), server.due(), shard)
        server.send(ask)
        with contextlib.suppress(StoreDown, ResponseError):
            await ask.future
            self._cut.pop(shard, None)

    # What a server says of others.

    def _redirected(self, asked: str, ask: Ask, answer: Any) -> bool:
        """Whether an answer was about the Cluster, and has been seen to."""
        if not isinstance(answer, ResponseError):
            return False
        error = str(answer)
        if error.startswith(("CLUSTERDOWN", "TRYAGAIN")):
            if error.startswith("CLUSTERDOWN"):
                self._cut_off(ask.shard)
            ask.answered(StoreDown(error))
            return True
        elsewhere = redirection(error, asked)
        if elsewhere is None:
            return False
        self._send_on(ask, *elsewhere)
        return True

    def _cut_off(self, shard: int) -> None:
        breaker = self._cut.setdefault(shard, Breaker())
        self._counts.opened += breaker.failed(asyncio.get_running_loop().time())
        self._stirred.set()

    def _send_on(self, ask: Ask, word: str, place: Place) -> None:
        ask.hops += 1
        if ask.hops > _HOPS:
            ask.answered(StoreDown("the servers of the Cluster send us round in a circle"))
            return
        server = self._servers.get(place)
        if server is None:
            server = self._servers[place] = self._new_server(place)
            server.begin()
        if word == "MOVED":
            self._places[ask.shard] = server
            self._stirred.set()
        else:
            server.send(Ask(pack(("ASKING",)), ask.due, ask.shard))
        server.send(ask)
        late = StoreDown("it did not answer in time", late=True)
        asyncio.get_running_loop().call_at(ask.due, ask.answered, late)
