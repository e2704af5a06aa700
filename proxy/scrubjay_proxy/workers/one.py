"""One worker as its parent sees it: a process, the channel to it, what it counted last."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys

from scrubjay_proxy.workers.channel import Channel, Gone, Heard
from scrubjay_proxy.workers.counts import Counts
from scrubjay_proxy.workers.messages import Count, Counted, Message, Ready, Start

MODULE = "scrubjay_proxy.commands.worker"


class Worker:
    """The worker with a number; a new process takes its place when one has ended."""

    def __init__(self, index: int) -> None:
        self.index = index
        self.counts = Counts()
        self.ready: Ready | None = None
        self.process: asyncio.subprocess.Process | None = None
        self._channel: Channel | None = None

    async def live(self, start: Start, heard: Heard) -> int:
        """Run a process from its start to its end; gives its exit code, -N for signal N."""
        ours, theirs = socket.socketpair()
        try:
            self.process = await self._begun(theirs, start.control)
            self._channel = await Channel.over(ours, heard)
            self._channel.tell(start)
            code = await self.process.wait()
            await asyncio.wait({self._channel.ended})  # all that it said is heard
            return code
        finally:
            self.ready = None
            await self._gone()
            ours.close()

    async def _begun(self, end: socket.socket, control: int | None) -> asyncio.subprocess.Process:
        # With -P and the path of this very process the same modules are found, no matter where
        # it was started from.
        path = os.pathsep.join(one for one in sys.path if one)
        with end:
            return await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", MODULE, str(self.index)),
                stdin=end.fileno(),
                pass_fds=() if control is None else (control,),
                start_new_session=True,  # Ctrl-C is the parent's alone, which tells them
                env={**os.environ, "PYTHONPATH": path},
            )

    async def _gone(self) -> None:
        self.kill()
        if self.process is not None:
            await self.process.wait()
        if self._channel is not None:
            await self._channel.close()
        self.process = self._channel = None

    def tell(self, message: Message) -> None:
        """Send a message that needs no answer."""
        if self._channel is not None:
            self._channel.tell(message)

    async def ask(self, message: Message, patience: float) -> Message | None:
        """Send a question; None where this process does not answer it."""
        if self._channel is None:
            return None
        try:
            return await self._channel.ask(message, patience)
        except (Gone, TimeoutError):
            return None

    async def count(self, patience: float) -> None:
        """Ask what it has counted; an answer of a process that has ended since is of no use."""
        asked = self.process
        answer = await self.ask(Count(), patience)
        if isinstance(answer, Counted) and self.process is asked:
            self.counts = answer.counts

    def hang_up(self) -> None:
        """Pass SIGHUP on; one that is only starting reads everything anyway."""
        if self.ready is not None:
            self._signal(signal.SIGHUP)

    def kill(self) -> None:
        """End it at once."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if self.process is not None and self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):  # it ends just now
                self.process.send_signal(number)
