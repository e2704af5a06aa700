"""The three date formats a recipient must understand (RFC 9110, 5.6.7)."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_TWO = tuple(f"{number:02}" for number in range(60))
_CLOCK = r"(?P<h>\d\d):(?P<m>\d\d):(?P<s>\d\d)"
_MONTH = r"(?P<mon>[A-Za-z]{3})"
_DAY = "(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_FORMATS = tuple(
    re.compile(pattern, re.IGNORECASE | re.ASCII)
    for pattern in (
        rf"(?:mon|tue|wed|thu|fri|sat|sun), (?P<d>\d\d) {_MONTH} (?P<y>\d{{4}}) {_CLOCK} GMT",
        rf"{_DAY}, (?P<d>\d\d)-{_MONTH}-(?P<y>\d\d) {_CLOCK} GMT",
        rf"(?:mon|tue|wed|thu|fri|sat|sun) {_MONTH} (?P<d>[ \d]\d) {_CLOCK} (?P<y>\d{{4}})",
    )
)
_LONGEST = 40  # characters; what is longer is no date, and not worth remembering
_EPOCH = date(1970, 1, 1).toordinal()
_YEAR = 31556952  # seconds, on average


def parse_date(text: str | None, now: float) -> float | None:
    """Unix seconds of an HTTP date, or None where it is none; a two-digit year (RFC 850) is
    read from `now`."""
    if not text or len(text) > _LONGEST:
        return None
    return _parsed(text, 1970 + int(now // _YEAR))


@lru_cache(maxsize=1024)
def _parsed(text: str, this_year: int) -> float | None:
    for form in _FORMATS:
        if found := form.fullmatch(text):
            return _seconds(found, this_year)
    return None


def _seconds(found: re.Match[str], this_year: int) -> float | None:
    month = found["mon"].lower()
    hour, minute, second = int(found["h"]), int(found["m"]), int(found["s"])
    day, year = int(found["d"]), int(found["y"])
    if month not in _MONTHS or hour > 23 or minute > 59 or second > 60:
        return None
    if len(found["y"]) == 2:
        # A date that seems more than 50 years ahead lies in the past (RFC 9110, 5.6.7).
        year += this_year // 100 * 100
        if year > this_year + 50:
            year -= 100
    try:
        days = date(year, _MONTHS.index(month) + 1, day).toordinal() - _EPOCH
    except ValueError:  # 30 February
        return None
    return float(((days * 24 + hour) * 60 + minute) * 60 + second)


@lru_cache(maxsize=1024)
def format_date(seconds: int) -> str:
    """An IMF-fixdate of Unix seconds."""
    minutes, second = divmod(seconds, 60)
    days, minute = divmod(minutes, 1440)
    return f"{_format_day(days)} {_TWO[minute // 60]}:{_TWO[minute % 60]}:{_TWO[second]} GMT"


@lru_cache(maxsize=1024)
def _format_day(days: int) -> str:
    day = date.fromordinal(_EPOCH + days)
    month = _MONTHS[day.month - 1].title()
    return f"{_DAYS[day.weekday()]}, {day.day:02} {month} {day.year:04}"
