"""`python -m scrubjay_proxy.commands.worker N`: a worker of `scrubjay serve --workers`.

Its standard input is the channel to its parent, which says all that it needs to know.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Callable

from scrubjay_proxy import logs
from scrubjay_proxy.commands.loop import run_in_loop
from scrubjay_proxy.errors import ScrubjayError
from scrubjay_proxy.meter import Meter
from scrubjay_proxy.settings import Settings
from scrubjay_proxy.signals import obeyed
from scrubjay_proxy.workers.channel import Channel
from scrubjay_proxy.workers.messages import (
    Count,
    Counted,
    Failed,
    Message,
    Ready,
    Start,
    Stop,
    Together,
    Use,
)
from scrubjay_proxy.workers.place import WorkersPlace, used
from scrubjay_proxy.workers.whole import counts_of


class Worker:
    """A proxy at work for a parent, from its start to its end."""

    def __init__(self) -> None:
        self._stop = asyncio.Event()
        self._told = asyncio.Event()
        self._start: Start | None = None
        self._place: WorkersPlace | None = None
        self._meter: Meter | None = None
        self._use: Callable[[str], None] | None = None

    async def run(self, end: socket.socket) -> int:
        """Serve until told to stop, or until the parent is gone; gives the exit code."""
        channel = await Channel.over(end, self._heard)
        channel.ended.add_done_callback(self._parent_gone)
        await self._told.wait()
        code = await self._serve(self._start, channel) if self._start else 0
        await channel.close()
        return code

    def _parent_gone(self, _: object) -> None:
        self._told.set()
        self._stop.set()

    async def _serve(self, start: Start, channel: Channel) -> int:
        from scrubjay_proxy.app import Proxy

        try:
            settings = Settings.taken_over(start.settings, start.sources)
            logs.configure(settings.log, worker=start.index)
            self._place = WorkersPlace(settings, start, channel)
            proxy = Proxy(settings, place=self._place)
            self._meter, self._use = proxy.meter, proxy.use_policy
            reload = proxy.models.hang_up if settings.models.dir or settings.cache.model else None
            # Told twice, by the parent and by whoever signals all processes, it drains once.
            with obeyed(self._stop, reload, lambda: None):
                async with proxy:
                    channel.tell(Ready(proxy.policy_name()))
                    await self._stop.wait()
        except Exception as error:
            # As at the command line: a hint marks what is meant for people.
            if not hasattr(error, "hint"):
                raise
            code = error.exit_code if isinstance(error, ScrubjayError) else 2
            channel.tell(Failed(str(error), error.hint, code))
            return code
        channel.tell(Counted(counts_of(proxy.meter, speaks=self._place.speaks)))
        return 0

    async def _heard(self, message: Message) -> Message | None:
        match message:
            case Start():
                self._start = message
                self._told.set()
            case Stop():
                self._stop.set()
            case Together() if self._place is not None:
                self._place.together = message
            case Use(policy) if self._use is not None:
                return used(policy, self._use)
            case Count() if self._place is not None and self._meter is not None:
                return Counted(counts_of(self._meter, speaks=self._place.speaks))
        return None


async def work() -> int:
    return await Worker().run(socket.socket(fileno=sys.stdin.fileno()))


if __name__ == "__main__":
    sys.exit(run_in_loop(work()))
