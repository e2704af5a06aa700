"""Backpressure: who sends waits while the peer is slow, and is held back while we are."""

from __future__ import annotations

import asyncio


class Gate:
    """What is sent: shut by a transport whose buffer is full, opened when it has drained or is
    gone."""

    def __init__(self) -> None:
        self.is_shut = False
        self._shut: asyncio.Future[None] | None = None

    def shut(self) -> None:
        """Hold back whoever comes."""
        self.is_shut = True
        if self._shut is None:
            self._shut = asyncio.get_running_loop().create_future()

    def open(self) -> None:
        """Let everybody through."""
        self.is_shut = False
        shut, self._shut = self._shut, None
        if shut is not None and not shut.done():
            shut.set_result(None)

    async def passed(self) -> None:
        """Wait until it is open."""
        while self._shut is not None:
            await asyncio.shield(self._shut)


class Tap:
    """What is received: the peer of a transport is held back while nobody takes what it sends."""

    def __init__(self) -> None:
        self.is_shut = False
        self.transport: asyncio.Transport | None = None

    def shut(self) -> None:
        """Read nothing more."""
        if not self.is_shut and self.transport is not None:
            self.is_shut = True
            self.transport.pause_reading()

    def open(self) -> None:
        """Read again."""
        if self.is_shut and self.transport is not None:
            self.is_shut = False
            self.transport.resume_reading()
