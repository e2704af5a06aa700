"""A message body on its way through: bounded, awaited, complete or failed."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable

from scrubjay_proxy.http.messages import Headers
from scrubjay_proxy.wire.chunked import ChunkDecoder
from scrubjay_proxy.wire.framing import Framing, Length
from scrubjay_proxy.wire.heads import BadMessage

HIGH_WATER = 262_144
LOW_WATER = 65_536


class BodyCut(Exception):
    """The sender stopped before the end of the body."""


class Body:
    """Filled by a protocol's data callback, emptied by one reader.

    `pause` and `resume` act on the sending connection, so that a slow reader costs at
    most about `HIGH_WATER` bytes.
    """

    def __init__(
        self, length: Length, pause: Callable[[], None], resume: Callable[[], None]
    ) -> None:
        self.length = length
        self.trailers = Headers()
        self.ended = length == 0
        self.received = 0
        self._failure: Exception | None = None
        self._pieces: deque[bytes] = deque()
        self._waiting = 0
        self._paused = False
        self._most: int | None = None
        self._reader: asyncio.Future[None] | None = None
        self._pause, self._resume = pause, resume
        self._chunks = ChunkDecoder() if length is Framing.CHUNKED else None

    def bound(self, most: int | None) -> None:
        """Refuse a body of more bytes than that. Raises BadMessage where it is known already."""
        self._most = most
        declared = self.length if isinstance(self.length, int) else 0
        self._check(max(declared, self.received))

    def _check(self, size: int) -> None:
        if self._most is not None and size > self._most:
            raise BadMessage(413, f"the request body is larger than {self._most} bytes")

    def feed(self, data: bytes) -> bytes:
        """Take what belongs to the body; the rest is returned. Raises BadMessage."""
        if self._chunks is not None:
            for piece in self._chunks.feed(data):
                self._add(piece)
            if self._chunks.done:
                self.trailers = self._chunks.trailers
                self._end()
            return self._chunks.rest
        rest = b""
        if isinstance(self.length, int):
            left = self.length - self.received
            data, rest = data[:left], data[left:]
        self._add(data)
        if self.received == self.length:
            self._end()
        return rest

    def eof(self) -> None:
        """The connection ended: an end for a close-delimited body, a cut for any other."""
        if self.ended:
            return
        if self.length is Framing.UNTIL_CLOSE:
            self._end()
        else:
            self.fail(BodyCut("the connection closed before the end of the body"))

    def fail(self, failure: Exception) -> None:
        """No more will come; the reader gets the failure behind what arrived."""
        if not self.ended and self._failure is None:
            self._failure = failure
            self._wake()

    async def read(self) -> bytes:
        """The next bytes, b"" at the end; raises what `fail` was given."""
        while not self._pieces:
            if self._failure is not None:
                raise self._failure
            if self.ended:
                return b""
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        piece = self._pieces.popleft()
        self._waiting -= len(piece)
        if self._paused and self._waiting <= LOW_WATER:
            self._paused = False
            self._resume()
        return piece

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while data := await self.read():
            yield data

    def take_all(self) -> bytes | None:
        """The whole body where it has arrived already; None where it has not."""
        if not self.ended:
            return None
        data = b"".join(self._pieces)
        self._pieces.clear()
        self._waiting = 0
        return data

    def _add(self, piece: bytes) -> None:
        if not piece:
            return
        self._pieces.append(piece)
        self.received += len(piece)
        self._check(self.received)
        self._waiting += len(piece)
        if not self._paused and self._waiting > HIGH_WATER:
            self._paused = True
            self._pause()
        self._wake()

    def _end(self) -> None:
        self.ended = True
        if self._paused:
            self._paused = False
            self._resume()
        self._wake()

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)


NOTHING = Body(0, lambda: None, lambda: None)  # the body of every request without one
