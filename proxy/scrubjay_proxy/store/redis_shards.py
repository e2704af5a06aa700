"""The shards of the cache in Redis: which key is where, and what the scripts said of each last."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from redis.exceptions import RedisError

from scrubjay_proxy.store.base import StoreFailed
from scrubjay_proxy.store.redis_keys import Keys, shard_of
from scrubjay_proxy.store.redis_link import Link, Script, StoreDown

Argument = bytes | int | float


class Shards:
    """Asks Redis for the store; whatever goes wrong there is StoreFailed, and counted by what it
    went wrong in.

    `capacity` and `max_objects` are of one shard, `used` and `objects` what each held when a
    script last said so.
    """

    def __init__(
        self,
        link: Link,
        *,
        prefix: str,
        capacity: int,
        max_objects: int,
        failed: Callable[[str], None],
    ) -> None:
        self.link = link
        self.remembers = False  # what left is kept as a ghost
        self.channel = f"{prefix}gone".encode()
        self._whole = capacity, max_objects
        self._prefix, self._failed = prefix, failed
        self.begin()

    def begin(self) -> None:
        """As many shards as the link says, once that is known."""
        count = self.link.shards
        self.keys = [Keys.of(self._prefix, n) for n in range(count)]
        self.used, self.objects = [0] * count, [0] * count
        self.capacity, self.max_objects = (max(1, whole // count) for whole in self._whole)

    def of(self, key: str) -> int:
        """The shard of a key."""
        return shard_of(key, len(self.keys))

    def failed(self, operation: str) -> None:
        """Count something that went wrong."""
        self._failed(operation)

    async def get(self, operation: str, shard: int, keys: Sequence[bytes]) -> list[bytes | None]:
        """Values of some keys. Raises StoreFailed."""
        try:
            return await self.link.get(shard, keys)
        except (StoreDown, RedisError) as error:
            raise self.failure(operation, error) from error

    async def send(
        self, operation: str, shard: int, *commands: tuple[Any, ...], bulk: int = 0
    ) -> list[Any]:
        """Answers to some commands, of `bulk` bytes where they are large. Raises StoreFailed."""
        try:
            answers = await self.link.send(shard, *commands, bulk=bulk)
        except (StoreDown, RedisError) as error:
            raise self.failure(operation, error) from error
        for answer in answers:
            if isinstance(answer, RedisError):
                raise self.failure(operation, answer) from answer
        return answers

    async def lease(self, shard: int, key: bytes, data: bytes, seconds: float) -> None:
        """Set a value that goes by itself, unless it is made to stay before. Raises StoreFailed."""
        await self.send("write", shard, ("SET", key, data, "PX", int(seconds * 1000)))

    async def run(self, operation: str, shard: int, script: Script, *args: Argument) -> list[Any]:
        """A script's answer but for the bytes used and the objects held. Raises StoreFailed."""
        keys = self.keys[shard]
        common = keys.tag, self.channel, int(self.remembers)
        try:
            answer = await self.link.run(shard, script, keys.books, (*common, *args))
        except (StoreDown, RedisError) as error:
            raise self.failure(operation, error) from error
        state, self.used[shard], self.objects[shard], *rest = answer
        return [state, *rest]

    def failure(self, operation: str, error: Exception) -> StoreFailed:
        """What an error of Redis is to the store; it is counted."""
        self._failed(operation)
        return StoreFailed(str(error) or type(error).__name__)
