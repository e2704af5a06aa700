"""What can go wrong outside the code, each with a hint at what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar


class ScrubjayError(Exception):
    """A mistake or a mishap that is told in one line, without a traceback."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class UsageMistake(ScrubjayError):
    """The command was called in a way that cannot work."""

    exit_code = 2


class SettingsError(ScrubjayError):
    """Settings that cannot be taken; `problems` has one line for each of them."""

    exit_code = 2

    def __init__(self, problems: Sequence[str], *, hint: str = "") -> None:
        super().__init__("\n".join(problems), hint=hint)
        self.problems = tuple(problems)


class PortTaken(ScrubjayError):
    """Somebody else listens where this process was told to."""

    def __init__(self, address: str, *, flag: str) -> None:
        super().__init__(
            f"{address} is taken by another process",
            hint=f"stop it, or choose another with {flag} HOST:PORT (port 0 takes a free one)",
        )


class OriginError(ScrubjayError):
    """An origin that cannot be reached or does not speak HTTP."""


class ControlError(ScrubjayError):
    """The control port of a running proxy refused or did not answer."""
