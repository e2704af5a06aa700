"""The event loop that the servers run in."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine


def run_in_loop(main: Coroutine[None, None, int]) -> int:
    """Uvloop where it exists; Ctrl-C before our own handlers stand counts as a clean end."""
    try:
        import uvloop
    except ImportError:
        factory = None
    else:
        factory = uvloop.new_event_loop
    try:
        with asyncio.Runner(loop_factory=factory) as runner:
            return runner.run(main)
    except KeyboardInterrupt:
        return 0
