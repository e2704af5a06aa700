"""The three date formats a recipient must understand (RFC 9110, 5.6.7)."""

from __future__ import annotations

import re
from calendar import timegm
from email.utils import formatdate
from functools import lru_cache

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_CLOCK = r"(?P<h>\d\d):(?P<m>\d\d):(?P<s>\d\d)"
_MONTH = r"(?P<mon>[A-Za-z]{3})"
_DAY = "(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_FORMATS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?:mon|tue|wed|thu|fri|sat|sun), (?P<d>\d\d) {_MONTH} (?P<y>\d{{4}}) {_CLOCK} GMT",
        rf"{_DAY}, (?P<d>\d\d)-{_MONTH}-(?P<y>\d\d) {_CLOCK} GMT",
        rf"(?:mon|tue|wed|thu|fri|sat|sun) {_MONTH} (?P<d>[ \d]\d) {_CLOCK} (?P<y>\d{{4}})",
    )
)


@lru_cache(maxsize=1024)
def parse_date(text: str, near: int = 2000) -> float | None:
    """Unix seconds of an HTTP date, or None where it is none.

    `near` is the year that a two-digit year (RFC 850) is read close to.
    """
    for form in _FORMATS:
        if found := form.fullmatch(text):
            return _seconds(found, near)
    return None


def _seconds(found: re.Match[str], near: int) -> float | None:
    month = found["mon"].lower()
    hour, minute, second = int(found["h"]), int(found["m"]), int(found["s"])
    day, year = int(found["d"]), int(found["y"])
    if month not in _MONTHS or hour > 23 or minute > 59 or second > 60 or not 1 <= day <= 31:
        return None
    if year < 100:
        # A date that seems more than 50 years ahead lies in the past (RFC 9110, 5.6.7).
        year += near // 100 * 100
        if year > near + 50:
            year -= 100
    return float(timegm((year, _MONTHS.index(month) + 1, day, hour, minute, second)))


@lru_cache(maxsize=64)
def format_date(seconds: int) -> str:
    """An IMF-fixdate of Unix seconds."""
    return formatdate(seconds, usegmt=True)
