"""The `.tr` of webcachesim and its descendants: `time id size`, separated by blanks."""

from __future__ import annotations

import re

import numpy as np

from scrubjay_replay.readers import numbers
from scrubjay_replay.readers.grid import grid
from scrubjay_replay.readers.table import Row, Rows, TableReader

LINE = re.compile(rb"\d+(?:\.\d+)?[ \t]+\S+[ \t]+\d+(?:[ \t]|$)")


class TrReader(TableReader):
    """Requests from `.tr`; further columns are features, and ignored."""

    format = "tr"
    columns = frozenset({"at", "key", "size"})

    def _plain(self, text: bytes) -> Rows | None:
        first = text[: text.index(b"\n")].rstrip(b"\r")
        separator = b"\t" if b"\t" in first else b" "
        table = grid(text, separator, first.count(separator) + 1)
        if table is None or first.count(separator) < 2 or (keys := table.keys(1)) is None:
            return None
        at, sizes = table.decimals(0), table.integers(2)
        if at is None or sizes is None or np.isnan(at).any() or sizes[1].any():
            return None
        if isinstance(keys, list) and any(len(key.split()) != 1 for key in keys):
            return None
        return Rows(at, keys, sizes[0])

    def _row(self, line: bytes) -> Row:
        cells = line.split(maxsplit=3)
        if len(cells) < 3:
            raise ValueError(f"{len(cells)} fields where 3 are needed")
        return Row(numbers.moment(cells[0]), cells[1], numbers.size(cells[2]))
