"""Waiting for what no event announces."""

import asyncio
from collections.abc import Callable


async def until(condition: Callable[[], object]) -> None:
    """Look again and again, for five seconds at most."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110  there is no event for it
            await asyncio.sleep(0.001)


async def settled(reading: Callable[[], int]) -> int:
    """The number, once it has stopped changing for a while."""
    before, now = -1, reading()
    while before != now:
        await asyncio.sleep(0.03)
        before, now = now, reading()
    return now
