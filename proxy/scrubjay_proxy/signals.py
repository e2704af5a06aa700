"""Signals of a serving process: one to stop, a second to stop at once, SIGHUP to read again."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager


def at_once() -> None:
    """What a second signal asks for."""
    raise SystemExit(1)


@contextmanager
def obeyed(
    stop: asyncio.Event,
    reload: Callable[[], None] | None,
    again: Callable[[], None] = at_once,
) -> Iterator[None]:
    """SIGTERM and SIGINT set `stop`, and then do it `again`; SIGHUP is left alone where there is
    nothing to reload."""
    loop = asyncio.get_running_loop()

    def told_to_stop() -> None:
        if stop.is_set():
            again()
        stop.set()

    handlers = {signal.SIGTERM: told_to_stop, signal.SIGINT: told_to_stop}
    if reload is not None:
        handlers[signal.SIGHUP] = reload
    for number, handler in handlers.items():
        loop.add_signal_handler(number, handler)
    try:
        yield
    finally:
        for number in handlers:
            loop.remove_signal_handler(number)
