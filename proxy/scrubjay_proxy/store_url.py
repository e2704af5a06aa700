"""The URL of a store: what may stand there, and how it is shown."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

MEMORY = "memory"
A_STORE = (
    '"memory", "redis://HOST:PORT/DB", "rediss://HOST:PORT/DB" (TLS) or "unix:///path/to/socket"'
)

# Up to the last "@": what is mistyped must not show a password either.
_PASSWORD = re.compile(r"^([^:@]*(?:://)?[^:@/]*):.*@")
_QUERIED = re.compile(r"(?<=[?&]password=)[^&]*")
MASK = "********"


def check_store(value: str) -> str:
    """The URL of a Redis as it is, or "memory". Raises ValueError."""
    if value == MEMORY:
        return value
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018  reading it is what checks it
    except ValueError:
        raise ValueError(A_STORE) from None
    served = parts.scheme in {"redis", "rediss"} and bool(parts.hostname)
    database = re.fullmatch(r"(/\d*)?", parts.path) is not None
    if not (served and database) and not (parts.scheme == "unix" and len(parts.path) > 1):
        raise ValueError(A_STORE)
    return value


def without_password(url: str) -> str:
    """The same to be shown to people."""
    return _QUERIED.sub(MASK, _PASSWORD.sub(rf"\1:{MASK}@", url))
