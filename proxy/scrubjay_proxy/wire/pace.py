"""How fast a client must be."""

from __future__ import annotations

from dataclasses import dataclass

from scrubjay_proxy.wire.body import Body


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds a client may take between requests and for a head; and the bytes a second that
    a body must bring at least, over so many seconds."""

    idle: float = 75.0
    head: float = 10.0
    body: float = 10.0
    rate: float = 64.0


class Pace:
    """Judges a body every `limits.body` seconds."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._counted = 0  # bytes, when it was judged last

    def is_kept(self, body: Body) -> bool:
        """Whether enough came since it was judged last."""
        came, self._counted = body.received - self._counted, body.received
        return came >= self._limits.rate * self._limits.body
