"""Squid's native access.log: `time elapsed client code/status bytes method URL …`."""

from __future__ import annotations

import math
import re

from scrubjay_replay.readers import numbers
from scrubjay_replay.readers.accesslog import AccessLogReader, Entry

LINE = re.compile(
    rb"\s*(\d+(?:\.\d+)?)\s+(-?\d+) \S+ ([A-Z_]+)/(\d{3}) (\d{1,18}) (\S+) (\S+)(?:\s|$)",
)


class SquidLogReader(AccessLogReader):
    """Requests to Squid; what a miss took is the cost."""

    format = "squid"

    def parse(self, line: bytes) -> Entry:
        if not (match := LINE.match(line)):
            raise ValueError(f"not in Squid's native format: {numbers.shown(line)}")
        at, elapsed, code, status, size, method, url = match.groups()
        missed = b"MISS" in code and not elapsed.startswith(b"-")
        return Entry(
            numbers.moment(at),
            method,
            url,
            int(status),
            numbers.size(size),
            numbers.seconds(elapsed, "elapsed") / 1000 if missed else math.nan,
        )
