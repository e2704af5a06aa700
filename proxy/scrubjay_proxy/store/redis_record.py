"""What the books in Redis say of an object; the scripts read it as well.

generation 8 | number of blocks 2 | row 64 | id that its key has without Vary, if it is another
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from scrubjay_policies.rows import WIDTH

_HEAD = struct.Struct(">QH")
_NUMBER = struct.Struct(">Q")
ROW = _HEAD.size  # where the row begins
END = ROW + 8 * WIDTH  # and where it ends
LENGTHS = frozenset({END, END + _NUMBER.size})


class Record(NamedTuple):
    """`base` is the id that its key has without Vary, None where it is its own."""

    generation: int
    blocks: int
    row: bytes
    base: int | None

    def pack(self) -> bytes:
        """As it is kept."""
        base = b"" if self.base is None else _NUMBER.pack(self.base)
        return _HEAD.pack(self.generation, self.blocks) + self.row + base


def unpack_record(data: bytes) -> Record | None:
    """What `pack` made, None where it cannot be."""
    if len(data) not in LENGTHS:
        return None
    generation, blocks = _HEAD.unpack_from(data)
    base = _NUMBER.unpack_from(data, END)[0] if len(data) > END else None
    return Record(generation, blocks, data[ROW:END], base)
