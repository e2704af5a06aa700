"""Access logs in Common or Combined Log Format."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from functools import lru_cache

from scrubjay_replay.readers import numbers
from scrubjay_replay.readers.accesslog import UNKNOWN, AccessLogReader, Entry

LINE = re.compile(
    rb'\S+ \S+ [^\[]*\[([^\]]{1,40})\] "(.*?)" (\d{3}) (\d{1,18}|-)(?:\s|$)',
)
DATE = re.compile(r"(\d\d)/(\w{3})/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)", re.ASCII)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class CommonLogReader(AccessLogReader):
    """Requests as Apache, nginx and most others log them unless told otherwise."""

    format = "common"

    def parse(self, line: bytes) -> Entry:
        return parse(line)


def parse(line: bytes) -> Entry:
    """One line of the log; ValueError says what is wrong with it."""
    if not (match := LINE.match(line)):
        raise ValueError(f"not in Common or Combined Log Format: {numbers.shown(line)}")
    date, asked, status, size = match.groups()
    method, path = method_and_path(asked)
    shown = UNKNOWN if size == b"-" else numbers.size(size)
    return Entry(moment(date), method, path, int(status), shown)


def method_and_path(asked: bytes) -> tuple[bytes, bytes]:
    """The first words of a request line; a GET without a second is a ValueError."""
    words = asked.split(b" ")
    method, path = words[0], words[1] if len(words) > 1 else b""
    if method == b"GET" and not path:
        raise ValueError(f"a request without a path: {numbers.shown(asked)}")
    return method, path


@lru_cache(maxsize=1024)
def moment(date: bytes) -> float:
    """Unix seconds of a log's `01/Jul/1995:00:00:01 -0400`; months are English everywhere."""
    match = DATE.fullmatch(date.decode("ascii", "replace"))
    if not match or match[2] not in MONTHS:
        raise ValueError(f"not a date of an access log: {numbers.shown(date)}")
    day, month, year, hour, minute, second, sign, ahead, minutes = match.groups()
    offset = timedelta(hours=int(ahead), minutes=int(minutes)) * (-1 if sign == "-" else 1)
    zone = timezone(offset)  # beyond a day: ValueError, as for the 31st of February below
    parts = (int(year), MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second))
    return datetime(*parts, tzinfo=zone).timestamp()
