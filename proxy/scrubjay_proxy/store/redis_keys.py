"""Names of the keys in Redis; all that belongs to one object lies in the shard of its key."""

from __future__ import annotations

from dataclasses import dataclass

import xxhash

MANY_BLOCKS = 0xFFFF  # a block's number has 16 bits


def shard_of(key: str, shards: int) -> int:
    """Where a key and all variants of it are."""
    return xxhash.xxh3_64_intdigest(key.encode()) % shards if shards > 1 else 0


def number(id: int) -> bytes:
    """A 64-bit id or generation, 8 bytes, the most significant first."""
    return id.to_bytes(8, "big")


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one shard; the braces make a Redis Cluster keep them together."""

    tag: bytes

    @classmethod
    def of(cls, prefix: str, shard: int) -> Keys:
        """The shard with that number."""
        return cls(b"{%s%d}" % (prefix.encode(), shard))

    @property
    def books(self) -> tuple[bytes, bytes, bytes]:
        """Rows by id, what is summed up, and rows of what was evicted."""
        return self.tag + b"rows", self.tag + b"meta", self.tag + b"ghosts"

    def object(self, id: int) -> bytes:
        """What is stored under an id, and its body where that is small."""
        return self.tag + b"o" + number(id)

    def variants(self, base: int) -> bytes:
        """The ids of the variants of a key, 8 bytes each, by the id that the key has without."""
        return self.tag + b"v" + number(base)

    def block(self, generation: int, n: int) -> bytes:
        """A piece of a larger body."""
        return self.tag + b"b" + number(generation) + n.to_bytes(2, "big")

    def coming(self, generation: int) -> bytes:
        """An object on its way in."""
        return self.tag + b"t" + number(generation)
