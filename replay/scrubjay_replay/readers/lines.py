"""The lines of a trace, numbered from one: in chunks of whole lines, or one by one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from scrubjay_replay.errors import TraceError
from scrubjay_replay.readers.source import BROKEN, Source

LONGEST_LINE = 1 << 16  # bytes; no trace has a longer one, and what has one is no trace
CHUNK = 1 << 20  # bytes
BREAK = 10


class Chunk(NamedTuple):
    """Whole lines, each with its end."""

    first: int  # number of the first line
    text: bytes

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Each line with its number, without its end."""
        for number, line in enumerate(self.text.split(b"\n")[:-1], self.first):
            yield number, line.rstrip(b"\r")


def chunks(source: Source, *, skip: int = 0, size: int = CHUNK) -> Iterator[Chunk]:
    """The lines after the first `skip`; a broken file is a TraceError at the line reached."""
    number, rest = 1, b""
    try:
        for piece in source.pieces(size):
            text, rest = _split(rest + piece)
            count = _count(source, number, text, rest)
            if kept := _without(text, min(skip, count)):
                yield Chunk(number + min(skip, count), kept)
            skip -= min(skip, count)
            number += count
    except BROKEN as error:
        raise source.broken(error, f":{number}") from error
    if rest and not skip:
        yield Chunk(number, rest + b"\n")


def numbered_lines(source: Source, *, skip: int = 0) -> Iterator[tuple[int, bytes]]:
    """Each line with its number, without its end."""
    for chunk in chunks(source, skip=skip):
        yield from chunk.lines()


def _split(text: bytes) -> tuple[bytes, bytes]:
    """Whole lines, and the beginning of the next."""
    end = text.rfind(b"\n") + 1
    return text[:end], text[end:]


def _without(text: bytes, lines: int) -> bytes:
    start = 0
    for _ in range(lines):
        start = text.index(b"\n", start) + 1
    return text[start:]


def _count(source: Source, number: int, text: bytes, rest: bytes) -> int:
    """How many lines; one that is too long is refused as soon as that shows."""
    ends = np.flatnonzero(np.frombuffer(text, np.uint8) == BREAK)
    lengths = np.diff(ends, prepend=-1, append=len(text) + len(rest))
    if len(long := np.flatnonzero(lengths > LONGEST_LINE)):
        raise TraceError(
            f"{source.name}:{number + int(long[0])}: a line longer than 64 KiB",
            hint="Is this a trace? Wanted are lines of text, each one request.",
        )
    return len(ends)
