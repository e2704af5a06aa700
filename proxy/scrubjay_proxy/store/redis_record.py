"""What the books in Redis say of an object: 26 bytes that the scripts read, then its row."""

from __future__ import annotations

import struct
from typing import NamedTuple

from scrubjay_policies.rows import WIDTH

_HEAD = struct.Struct(">QQHd")
ROW = _HEAD.size  # where the row begins
RECORD = ROW + 8 * WIDTH  # bytes of all of it


class Record(NamedTuple):
    """`base` is the id that its key has without Vary, `size` what it is charged, bytes."""

    generation: int
    base: int
    blocks: int
    size: int
    row: bytes

    def pack(self) -> bytes:
        """As the scripts read it."""
        return _HEAD.pack(self.generation, self.base, self.blocks, self.size) + self.row


def unpack_record(data: bytes) -> Record:
    """What `pack` made. Raises struct.error for less than its head."""
    generation, base, blocks, size = _HEAD.unpack_from(data)
    return Record(generation, base, blocks, int(size), data[ROW:])
