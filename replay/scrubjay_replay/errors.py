"""What can go wrong in a replay, each error with what to do about it."""

from __future__ import annotations


class ReplayError(Exception):
    """A replay that could not start or go on; `hint` says what to do."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class UseError(ReplayError):
    """Options that contradict each other or have no meaning."""


class TraceError(ReplayError):
    """A trace that cannot be read, with its file and line."""


class NoWay(ReplayError):
    """The proxy does not lead to the trace origin."""
