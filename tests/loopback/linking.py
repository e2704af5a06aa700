"""Links to Redis that are let go of, and how long they take."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable
from typing import Any

from scrubjay_proxy.store.redis_link import Link


@contextlib.asynccontextmanager
async def linked(url: str, **limits: Any) -> AsyncIterator[Link]:
    """A link that has started."""
    link = Link(url, **limits)
    await link.start()
    try:
        yield link
    finally:
        await link.stop()


async def timed(asked: Awaitable[Any]) -> tuple[Any, float]:
    """What came of it, an error as a value, and the seconds it took."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    (answer,) = await asyncio.gather(asked, return_exceptions=True)
    return answer, loop.time() - began


class Lag:
    """The longest time the loop was held up, seconds, measured every few milliseconds."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._loop = asyncio.get_running_loop()
        self._expected = self._loop.time()
        self._handle = self._loop.call_soon(self._look)

    def _look(self) -> None:
        self.longest = max(self.longest, self._loop.time() - self._expected)
        self._expected = self._loop.time() + 0.002
        self._handle = self._loop.call_at(self._expected, self._look)

    def stop(self) -> float:
        """The figure."""
        self._handle.cancel()
        return self.longest
