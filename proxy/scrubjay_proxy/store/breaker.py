"""When something that failed is asked again: pure, the time is an argument (seconds)."""

from __future__ import annotations

FIRST_LOOK = 0.25
LONGEST_LOOK = 1.0
_PROVED = 5.0  # closed for so long, it starts afresh


class Breaker:
    """Open after the first failure; while it is, only a probe may ask, ever less often.

    `opened` counts how often it opened. What fails again and again after a good probe, as
    something slow does, is not probed more often for that.
    """

    def __init__(self) -> None:
        self.closed = True
        self.opened = 0
        self.probe_at = 0.0
        self._since = -_PROVED
        self._wait = FIRST_LOOK

    def failed(self, now: float) -> bool:
        """A failure, of a probe as well; whether it opened by this one."""
        opens = self.closed
        if opens:
            self.closed = False
            self.opened += 1
            if now - self._since >= _PROVED:
                self._wait = FIRST_LOOK
        self.probe_at = now + self._wait
        self._wait = min(2 * self._wait, LONGEST_LOOK)
        return opens

    def succeeded(self, now: float) -> None:
        """A probe was answered."""
        self.closed = True
        self._since = now
