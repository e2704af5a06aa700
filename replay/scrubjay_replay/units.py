"""Durations, rates and addresses as people write them, and figures as people read them."""

from __future__ import annotations

import math
import re
from decimal import Decimal

from scrubjay_replay.errors import UseError

SECONDS = {"ms": 0.001, "s": 1.0, "": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
SECONDS |= {"y": 365 * 86400.0}
DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]*)", re.ASCII)
RATE = re.compile(r"(\d+(?:\.\d+)?)(?:/(s|m|min|h|d))?", re.ASCII)
BYTES = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]*)", re.ASCII)
BYTE_UNITS = {"": 1, "b": 1} | {
    f"{letter}{end}": base**power
    for power, letter in enumerate("kmgt", 1)
    for end, base in (("", 1024), ("ib", 1024), ("b", 1000))
}
STEPS = ("B", "KiB", "MiB", "GiB", "TiB")


def duration(text: str, option: str) -> float:
    """Seconds of 250ms, 30s, 10m, 1h, 1d or 1y."""
    match = DURATION.fullmatch(text.strip().lower())
    if not match or match[2] not in SECONDS:
        raise UseError(
            f"{option} is {text!r}, not a duration", hint="Write it like 250ms, 30s, 10m, 1h or 1d."
        )
    return float(match[1]) * SECONDS[match[2]]


def change_rate(text: str) -> float:
    """Changes of each object a second, of 6/h or 0.1/s; a bare number is per hour."""
    match = RATE.fullmatch(text.strip().lower())
    if not match:
        raise UseError(
            f"--change-rate is {text!r}",
            hint="Write changes of each object like 6/h, 1/min or 2/d.",
        )
    return float(match[1]) / SECONDS[match[2] or "h"]


def listen_address(text: str) -> tuple[str, int]:
    """Host and port of 127.0.0.1:8090 or [::1]:8090."""
    host, colon, port = text.rpartition(":")
    if not (colon and host and port.isdecimal() and int(port) < 1 << 16):
        raise UseError(f"--origin-listen is {text!r}", hint="Write it like 127.0.0.1:8090.")
    return host.removeprefix("[").removesuffix("]"), int(port)


def byte_count(text: str, option: str) -> int:
    """Bytes of 4096, 10MiB or 2GB."""
    match = BYTES.fullmatch(text.strip().lower())
    if not match or match[2] not in BYTE_UNITS:
        raise UseError(
            f"{option} is {text!r}, not a number of bytes", hint="Write it like 4096 or 10MiB."
        )
    return int(Decimal(match[1]) * BYTE_UNITS[match[2]])


def bytes_in_words(count: float) -> str:
    """1536 as 1.5 KiB."""
    step = 0
    while abs(count) >= 1024 and step < len(STEPS) - 1:
        count, step = count / 1024, step + 1
    return f"{count:,.0f} B" if step == 0 else f"{count:,.1f} {STEPS[step]}"


def seconds_in_words(seconds: float) -> str:
    """A duration with the unit that suits it."""
    if math.isnan(seconds):
        return "-"
    if seconds < 1:
        return f"{seconds * 1000:.2f} ms"
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{int(seconds // 3600)} h {int(seconds % 3600 // 60)} min"
