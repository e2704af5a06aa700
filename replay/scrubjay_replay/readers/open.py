"""Pick the reader for a file by what stands in it, or take the one that was named."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from scrubjay_replay.errors import TraceError, UseError
from scrubjay_replay.readers import caddy, commonlog, nginx, oraclegeneral, squid, twitter
from scrubjay_replay.readers import webcachesim as tr
from scrubjay_replay.readers.csv import ALIASES, CsvReader, is_comment, places
from scrubjay_replay.readers.lines import LONGEST_LINE
from scrubjay_replay.readers.source import Source
from scrubjay_replay.trace import BadLines, TraceReader

LOOKED_AT = 20  # lines; a log may begin with a few strays
BY_NAME = re.compile("oraclegeneral", re.IGNORECASE)


class FileReader(TraceReader, Protocol):
    """A reader of a file, which also knows what kind of file it is."""

    @property
    def format(self) -> str:
        """The name that --format takes."""
        ...

    @property
    def comments(self) -> tuple[str, ...]:
        """What the file says of itself."""
        ...

    @property
    def source(self) -> Source:
        """The file."""
        ...


Open = Callable[[Path, BadLines | None], FileReader]

READERS: Mapping[str, Open] = {
    "csv": CsvReader,
    "common": commonlog.CommonLogReader,
    "nginx": nginx.NginxLogReader,
    "caddy": caddy.CaddyLogReader,
    "squid": squid.SquidLogReader,
    "tr": tr.TrReader,
    "twitter": twitter.TwitterReader,
    "oracleGeneral": oraclegeneral.OracleGeneralReader,
}
# One line that looks so is enough, unless it stands first. Those that allow most come last.
LINES: Mapping[str, Callable[[bytes], object]] = {
    "caddy": caddy.looks_so,
    "nginx": nginx.looks_so,
    "common": commonlog.LINE.match,
    "twitter": twitter.LINE.match,
    "squid": squid.LINE.match,
    "tr": tr.LINE.match,
}


def open_trace(path: Path, bad: BadLines | None = None, kind: str | None = None) -> FileReader:
    """A reader for the file; TraceError when it is no kind of trace that we read."""
    if kind is not None and kind not in READERS:
        raise UseError(f"--format {kind}: no such format", hint=f"There are {', '.join(READERS)}.")
    source = Source(path)
    head = source.head(LONGEST_LINE + 1)
    if not head:
        raise TraceError(f"{path.name}: the file is empty", hint="Was the file copied whole?")
    return READERS[kind or _kind(path.name, head)](path, bad)


def _kind(name: str, head: bytes) -> str:
    lines = [line.rstrip(b"\r") for line in head.split(b"\n")]
    if len(head) > LONGEST_LINE:
        lines.pop()  # of which only the beginning may be here
    if found := _kind_of(lines):
        return found
    if BY_NAME.search(name):
        return "oracleGeneral"
    if b"\0" in head and oraclegeneral.looks_so(head):
        hint = "It could be oracleGeneral: if it is, say --format oracleGeneral."
    else:
        hint = _wanted()
    why = "no kind of trace that we read" if lines else "a line longer than 64 KiB"
    raise TraceError(f"{name}:1: {why}", hint=hint)


def _kind_of(lines: list[bytes]) -> str | None:
    """The format of text lines."""
    below = [line for line in lines if not is_comment(line)]
    if below and _is_header(below[0]):
        return "csv"
    for kind, looks_so in LINES.items():
        if any(looks_so(line) for line in below[:LOOKED_AT]):
            return kind
    return None


def _wanted() -> str:
    return (
        "Wanted: a first line like time,key,size (key may be called "
        f"{', '.join(ALIASES['key'][1:])}), an access log, or another of {', '.join(READERS)}; "
        "--format names it."
    )


def _is_header(line: bytes) -> bool:
    try:
        return "key" in places(line)
    except ValueError:
        return False
