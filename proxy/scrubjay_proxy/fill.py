"""A response body while it arrives: read by any number of clients, written once to the store."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable

import xxhash

from scrubjay_proxy.http.messages import Headers, Stored
from scrubjay_proxy.http.ranges import Span

_AHEAD = 1_048_576  # bytes that a body which is not kept may run ahead of its slowest reader


class Fill:
    """Bytes from the origin, shared.

    While `keeping`, every byte stays until the end, as the store wants them all. Once the
    store has refused, bytes that every reader has seen are let go, and the origin waits for
    the slowest reader; then nobody new may join. With `digested` its bytes are also hashed.
    While it is `held`, readers wait for its end.
    """

    def __init__(self, stored: Stored, length: int | None, *, digested: bool = False) -> None:
        self.stored = stored
        self.length = length
        self.trailers = Headers()
        self.size = 0
        self.done = False
        self.failure: Exception | None = None
        self.keeping = True
        self.held = False
        self._hash = xxhash.xxh3_64() if digested else None
        self._pieces: deque[bytes] = deque()
        self._trimmed = 0  # pieces let go, and where the first one still held begins
        self._base = 0
        self._readers: dict[object, int] = {}
        self._changed: asyncio.Future[None] | None = None
        self._over: list[Callable[[], None]] = []

    @property
    def joinable(self) -> bool:
        """Whether a new reader would find every byte."""
        return self._base == 0 and (self.keeping or self.done) and self.failure is None

    def add(self, data: bytes) -> None:
        """Append bytes."""
        self._pieces.append(data)
        self.size += len(data)
        if self._hash is not None:
            self._hash.update(data)
        self._notify()

    @property
    def digest(self) -> int:
        """Of the bytes so far; 0 where they are not hashed."""
        return self._hash.intdigest() if self._hash is not None else 0

    def finish(self, trailers: Headers) -> None:
        """The body is whole."""
        self.trailers, self.done = trailers, True
        self.length = self.size
        self._end()

    def fail(self, failure: Exception) -> None:
        """The body will never be whole; every reader gets `failure`."""
        self.failure = failure
        self._end()

    def when_over(self, tell: Callable[[], None]) -> None:
        """Call `tell` once the body is whole or has failed."""
        if self.done or self.failure is not None:
            tell()
        else:
            self._over.append(tell)

    def let_go(self) -> None:
        """The store has refused it."""
        self.keeping = False
        self._trim()

    async def room(self) -> None:
        """Wait while a body that is not kept is too far ahead of its slowest reader."""
        while not self.keeping and self._readers and self._lead() > _AHEAD:
            await self._change()

    @property
    def wanted(self) -> bool:
        """Whether anybody still needs the rest."""
        return self.keeping or bool(self._readers)

    def ready(self, span: Span) -> bytes | None:
        """Bytes of a span that arrived in the first piece; None where some did not."""
        if self.held or self.failure is not None or self._base or not self._pieces:
            return None
        piece = self._pieces[0]
        return piece[span[0] : span[1]] if span[1] <= len(piece) else None

    async def read(self, span: Span | None) -> AsyncGenerator[bytes, None]:
        """Bytes of `span`, or all where the length is not known, as they arrive."""
        position, stop = span if span is not None else (0, None)
        reader = object()
        self._readers[reader] = position
        index, start = self._trimmed, self._base
        try:
            while stop is None or position < stop:
                if self.held:
                    await self._change()
                    continue
                if self.failure is not None:
                    raise self.failure
                if index - self._trimmed >= len(self._pieces):
                    if self.done:
                        return
                    await self._change()
                    continue
                piece = self._pieces[index - self._trimmed]
                index, start = index + 1, start + len(piece)
                if start <= position:
                    continue
                data = _cut(piece, position - (start - len(piece)), stop, start)
                position = start
                yield data
                self._readers[reader] = position
                if not self.keeping:
                    self._trim()
        finally:
            del self._readers[reader]
            self._notify()

    def _lead(self) -> int:
        return self.size - min(self._readers.values(), default=self.size)

    def _trim(self) -> None:
        seen = self.size - self._lead()
        while self._pieces and self._base + len(self._pieces[0]) <= seen:
            self._base += len(self._pieces.popleft())
            self._trimmed += 1
        self._notify()

    def _end(self) -> None:
        self.held = False
        self._notify()
        told, self._over = self._over, []
        for tell in told:
            tell()

    def _notify(self) -> None:
        changed, self._changed = self._changed, None
        if changed is not None and not changed.done():
            changed.set_result(None)

    async def _change(self) -> None:
        if self._changed is None:
            self._changed = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._changed)


def _cut(piece: bytes, skipped: int, stop: int | None, end: int) -> bytes:
    """The piece without what lies before the reader's position and beyond its stop."""
    beyond = len(piece) if stop is None or end <= stop else len(piece) - (end - stop)
    return piece if not skipped and beyond == len(piece) else piece[skipped:beyond]
