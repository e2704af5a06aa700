"""What a purge names, found among all that Redis holds: in batches, by heads alone."""

from __future__ import annotations

from collections.abc import AsyncIterator

from scrubjay_proxy.http.messages import Stored
from scrubjay_proxy.store.base import Selector
from scrubjay_proxy.store.packing import unpack_head
from scrubjay_proxy.store.redis_shards import Shards

_BATCH = 128  # rows looked at before other requests get their turn
_HEAD = 2048  # bytes in which what is known of an object usually lies


async def matching(shards: Shards, shard: int, selector: Selector) -> AsyncIterator[list[Stored]]:
    """All of a shard that a selector names other than by key. What is stored while it looks may be
    missed, and one may come twice. Raises StoreFailed."""
    keys = shards.keys[shard]
    cursor = b"0"
    while True:
        scan = "HSCAN", keys.books[0], cursor, "COUNT", _BATCH
        ((cursor, found),) = await shards.send("purge", shard, scan)
        names = [keys.tag + b"o" + id for id in found[::2]]
        heads = await _heads(shards, shard, names)
        if chosen := [
            stored for stored in heads if selector.names(stored.key) or selector.labels(stored)
        ]:
            yield chosen
        if int(cursor) == 0:
            return


async def _heads(shards: Shards, shard: int, names: list[bytes]) -> list[Stored]:
    if not names:
        return []
    ranges = [("GETRANGE", name, 0, _HEAD - 1) for name in names]
    starts = await shards.send("purge", shard, *ranges)
    heads = []
    for name, start in zip(names, starts, strict=True):
        stored = unpack_head(start)
        if stored is None and len(start) == _HEAD:
            (whole,) = await shards.send("purge", shard, ("GET", name))
            stored = unpack_head(whole or b"")
        if stored is not None:
            heads.append(stored)
    return heads
