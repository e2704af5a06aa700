"""Hearing what is published, and noticing within half a second that it is not heard any more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from scrubjay_proxy.store.redis_address import Address
from scrubjay_proxy.store.redis_server import OPENING
from scrubjay_proxy.store.redis_wire import StoreDown, Wire, open_wire

CHECK = 0.4  # between two looks whether the server still speaks, seconds
PATIENCE = 0.1
_AGAIN = 0.25


class Subscription:
    """To one channel, on a connection of its own; `where` says at which server."""

    def __init__(
        self,
        channel: bytes,
        where: Callable[[], Address],
        heard: Callable[[bytes], None],
        lost: Callable[[], None],
        back: Callable[[], None],
    ) -> None:
        self._channel, self._where = channel, where
        self._heard, self._lost, self._back = heard, lost, back
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Listen until `stop`."""
        self._task = asyncio.get_running_loop().create_task(self._listen())

    async def stop(self) -> None:
        """Listen no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _listen(self) -> None:
        while True:
            try:
                wire = await open_wire(self._where(), OPENING, lambda: Wire(told=self._heard))
            except StoreDown:
                pass
            else:
                await self._hear(wire)
            await asyncio.sleep(_AGAIN)

    async def _hear(self, wire: Wire) -> None:
        """Until the connection ends, one way or another."""
        loop = asyncio.get_running_loop()
        subscribed = False
        try:
            await wire.ask(loop.time() + OPENING, "SUBSCRIBE", self._channel)
            subscribed = True
            self._back()
            while not (await asyncio.wait([wire.ended], timeout=CHECK))[0]:
                await wire.ask(loop.time() + PATIENCE, "PING")
        except StoreDown:
            pass
        finally:
            wire.fail(StoreDown("not needed any more"))
            if subscribed:
                self._lost()
