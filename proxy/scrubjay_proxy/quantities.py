"""Sizes, durations and addresses as people write them, read into plain numbers."""

from __future__ import annotations

import ipaddress
import json
import re
from dataclasses import dataclass
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer
from pydantic_settings import NoDecode

A_SIZE = 'a size such as "256MiB", "1.5GB" or a number of bytes'
A_SHARE = 'a share between 0 and 1, such as "1%" or 0.01'
A_DURATION = 'a duration such as "250ms", "30s", "10m", "1h30m", "1d" or a number of seconds'
AN_ADDRESS = 'HOST:PORT, such as "127.0.0.1:8080" or "[::1]:8080" (port 0 takes a free one)'

BYTES = {
    "": 1, "b": 1,
    "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12,
    "kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40,
}  # fmt: skip
SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
BINARY = (("TiB", 2**40), ("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10))
CLOCK = (("d", 86400.0), ("h", 3600.0), ("m", 60.0))

SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]*)", re.IGNORECASE)
SPAN = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdw])")


def parse_size(value: object) -> int:
    """Bytes; `k` is a thousand and `Ki` 1024, as in IEC 80000-13."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    found = SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None or found[2].lower() not in BYTES:
        raise ValueError(A_SIZE)
    return round(float(found[1]) * BYTES[found[2].lower()])


def format_size(size: int) -> str:
    """The shortest exact way to write it."""
    for unit, factor in BINARY:
        if size and size % factor == 0:
            return f"{size // factor}{unit}"
    return f"{size}B"


def parse_duration(value: object) -> float:
    """Seconds."""
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
        return float(value)
    if not isinstance(value, str):
        raise ValueError(A_DURATION)  # noqa: TRY004  pydantic collects ValueErrors only
    text = value.strip().lower()
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    parts = SPAN.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(A_DURATION)
    return sum(float(number) * SECONDS[unit] for number, unit in parts)


def parse_share(value: object) -> float:
    """Between 0 and 1, of 0.01 or "1%"."""
    text = str(value).strip()
    try:
        share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        raise ValueError(A_SHARE) from None
    if not 0 < share < 1:
        raise ValueError(A_SHARE)
    return share


def format_duration(seconds: float) -> str:
    unit, factor = next((one for one in CLOCK if seconds and seconds % one[1] == 0), ("s", 1.0))
    return f"{seconds / factor:.6f}".rstrip("0").rstrip(".") + unit


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Only processes of this machine get there."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def parse_address(value: object) -> Address:
    if isinstance(value, Address):
        return value
    found = re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[^:\s\[\]/@]+):(\d{1,5})", str(value).strip())
    if found is None or int(found[2]) > 65535:
        raise ValueError(AN_ADDRESS)
    return Address(found[1].strip("[]"), int(found[2]))


def split_list(value: object) -> object:
    """Environment variables give lists as JSON or separated by commas."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        return json.loads(value)
    return [part.strip() for part in value.split(",") if part.strip()]


def share_or_none(value: object) -> float | None:
    return None if value in ("", None) else parse_share(value)


def none_if_empty(value: object) -> object:
    return None if value == "" else value


ByteSize = Annotated[int, BeforeValidator(parse_size), PlainSerializer(format_size)]
Seconds = Annotated[float, BeforeValidator(parse_duration), PlainSerializer(format_duration)]
Listen = Annotated[Address, BeforeValidator(parse_address), PlainSerializer(str)]
Listed = Annotated[tuple[str, ...], NoDecode, BeforeValidator(split_list)]
OptionalShare = Annotated[float | None, BeforeValidator(share_or_none)]
OptionalSize = Annotated[ByteSize | None, BeforeValidator(none_if_empty)]
OptionalSeconds = Annotated[Seconds | None, BeforeValidator(none_if_empty)]
