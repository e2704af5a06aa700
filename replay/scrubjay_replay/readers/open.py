"""Pick the reader for a file by what stands in it."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from scrubjay_replay.errors import TraceError
from scrubjay_replay.readers.accesslog import LINE, AccessLogReader
from scrubjay_replay.readers.csv import ALIASES, CsvReader, places
from scrubjay_replay.readers.lines import numbered_lines
from scrubjay_replay.trace import BadLines, TraceReader

LOOKED_AT = 20  # lines; a log may begin with a few strays


def open_trace(path: Path, bad: BadLines | None = None) -> TraceReader:
    """A reader for the file; TraceError when it is no kind of trace that we read."""
    head = [line for _, line in islice(numbered_lines(path), LOOKED_AT)]
    if any(LINE.match(line) for line in head):
        return AccessLogReader(path, bad)
    if head and _is_header(head[0]):
        return CsvReader(path, bad)
    raise TraceError(
        f"{path.name}:1: neither CSV with a header nor an access log",
        hint="Wanted: a first line like time,key,size (key may be called "
        f"{', '.join(ALIASES['key'][1:])}), or Common/Combined Log Format; gzip is fine.",
    )


def _is_header(line: bytes) -> bool:
    try:
        return "key" in places(line)
    except ValueError:
        return False
