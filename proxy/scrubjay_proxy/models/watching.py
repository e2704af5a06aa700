"""Looks at a directory when it changes, and once a second for disks that do not tell."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from watchfiles import Change, awatch

from scrubjay_proxy.events import Events

QUIET, LONGEST = 50, 200  # milliseconds: a change is told after so long without another, or so long
EACH = 1000  # milliseconds between looks where nothing is told


async def watch(directory: Path, look: Callable[[], Awaitable[None]], events: Events) -> None:
    """Call `look` for ever."""
    try:
        async for _ in awatch(
            directory,
            watch_filter=visible,
            step=QUIET,
            debounce=LONGEST,
            rust_timeout=EACH,
            yield_on_timeout=True,
            recursive=False,
        ):
            await look()
    except (OSError, RuntimeError) as error:
        events.add("watch-failed", directory=str(directory), why=f"{error}; looking every second")
    while True:
        await asyncio.sleep(EACH / 1000)
        await look()


def visible(_: Change, path: str) -> bool:
    """Drafts and locks begin with a dot."""
    return not Path(path).name.startswith(".")
