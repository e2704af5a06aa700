"""Write backpressure: who sends waits here while the peer is slow."""

from __future__ import annotations

import asyncio


class Gate:
    """Shut by a transport whose buffer is full, opened when it has drained or is gone."""

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
