"""What became of a request."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Told:
    """For metrics and logs: outcome, reason, status sent, whether the body was stored."""

    outcome: str
    why: str
    status: int
    from_store: bool = False
