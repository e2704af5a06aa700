"""Lines of a file, plain or gzip, numbered from one."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from scrubjay_replay.errors import TraceError

GZIP_MAGIC = b"\x1f\x8b"
LONGEST_LINE = 1 << 16  # bytes; a longer one is cut, so a binary file cannot fill memory


def numbered_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Each line without its end; a broken file is a TraceError at the line reached."""
    number = 0
    try:
        with _open(path) as file:
            while line := file.readline(LONGEST_LINE):
                number += 1
                yield number, line.rstrip(b"\r\n")
    except (OSError, EOFError, zlib.error) as error:
        raise TraceError(
            f"{path.name}:{number + 1}: cannot read the trace: {error}",
            hint="Is the path right, and was the file copied whole?",
        ) from error


def _open(path: Path) -> BinaryIO:
    with path.open("rb") as file:
        packed = file.read(2) == GZIP_MAGIC
    return cast(BinaryIO, gzip.open(path)) if packed else path.open("rb")
