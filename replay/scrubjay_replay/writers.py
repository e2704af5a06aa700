"""Traces written: CSV as the reader wants it, or oracleGeneral; packed as the name says."""

from __future__ import annotations

import gzip
import os
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from scrubjay_replay.errors import TraceError, UseError
from scrubjay_replay.future import next_use
from scrubjay_replay.readers.oraclegeneral import RECORD
from scrubjay_replay.readers.source import zstandard
from scrubjay_replay.results import replacing
from scrubjay_replay.trace import Trace, chosen

HEADER = {
    "at": "time",
    "key": "key",
    "size": "size",
    "ttl": "ttl",
    "cost": "cost",
    "write": "was_write",
}
LARGEST = (1 << 32) - 1  # what oracleGeneral holds of seconds and of bytes
PART = 1 << 16  # rows formatted at once


def check_place(path: Path) -> None:
    """Refuse a file that could not be written, before the work is done."""
    if path.suffix == ".zst":
        zstandard(path.name)
    if path.is_dir() or not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise UseError(f"{path} cannot be written", hint="Name a file in a folder that is.")


def write_csv(
    path: Path, blocks: Iterable[Trace], columns: Collection[str], comments: Iterable[str] = ()
) -> int:
    """Write the named columns of a trace (and its keys) as CSV; gives the number of rows."""
    rows = 0
    with replacing(path) as draft, _packed(draft) as file:
        file.write("".join(f"# {' '.join(comment.split())}\n" for comment in comments).encode())
        file.write(header(columns).encode())
        for block in blocks:
            rows += len(block.key)
            for part in lines(block, columns):
                file.write(part.encode())
    return rows


def header(columns: Collection[str]) -> str:
    """The first line of a CSV with these columns."""
    return ",".join(HEADER[name] for name in _ordered(columns)) + "\n"


def lines(block: Trace, columns: Collection[str]) -> Iterator[str]:
    """The rows as text, some thousand lines at a time."""
    names = _ordered(columns)
    for start in range(0, len(block.key), PART):
        texts = [_texts(getattr(block, name)[start : start + PART]) for name in names]
        yield "".join(f"{','.join(row)}\n" for row in zip(*texts, strict=True))


def write_oracle_general(path: Path, trace: Trace) -> int:
    """Write the requests of a trace, not its writes; gives their number. Seconds are cut."""
    trace = chosen(trace, ~trace.write)
    for name, column in (("time", trace.at), ("size", trace.size)):
        if len(wrong := np.flatnonzero((column < 0) | (column > LARGEST))):
            raise TraceError(
                f"{path.name}: request {wrong[0] + 1}: {name} {column[wrong[0]]} has no place in "
                "oracleGeneral, which has 32 bits for it",
                hint="Write it as CSV.",
            )
    records = np.empty(len(trace.key), RECORD)
    records["at"], records["key"], records["size"] = trace.at, trace.key, trace.size
    following = next_use(trace.key)
    records["next"] = np.where(following < 0, -1, following + 1)  # it counts requests from 1
    with replacing(path) as draft, _packed(draft) as file:
        for start in range(0, len(records), PART):
            file.write(records[start : start + PART].tobytes())
    return len(records)


def _ordered(columns: Collection[str]) -> list[str]:
    return [name for name in HEADER if name in columns or name == "key"]


def _texts(values: NDArray[Any]) -> list[str]:
    """Each value so that it is read back the same; nan is nothing, a write 1."""
    if values.dtype == np.bool_:
        return ["1" if value else "0" for value in values.tolist()]
    if values.dtype.kind == "i":
        return [*map(str, values.tolist())]
    texts = map(repr, values.tolist()) if values.dtype == np.float64 else map(str, values)
    return [text.removesuffix(".0") if text != "nan" else "" for text in texts]


@contextmanager
def _packed(path: Path) -> Iterator[BinaryIO]:
    """A new file whose content is compressed as its suffix says."""
    with path.open("wb") as raw:
        if path.suffix == ".gz":
            with gzip.GzipFile("", "wb", 6, raw, mtime=0) as packed:
                yield cast(BinaryIO, packed)
        elif path.suffix == ".zst":
            with zstandard(path.name).ZstdCompressor().stream_writer(raw, closefd=False) as packed:
                yield packed
        else:
            yield raw
