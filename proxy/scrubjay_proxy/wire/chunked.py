"""The chunked coding (RFC 9112, 7.1), decoded strictly and encoded."""

from __future__ import annotations

import re
from collections.abc import Callable

from scrubjay_proxy.http.messages import Headers
from scrubjay_proxy.wire.heads import BadMessage, head_end, parse_trailers, render

_SIZE_LINE = re.compile(
    rb"""([0-9A-Fa-f]{1,16}|0{1,64})            # more than 64 bits is an overflow somewhere
         (?:[ \t]*;[^\x00-\x08\x0a-\x1f\x7f]*)?\r\n""",
    re.VERBOSE,
)
_MAX_LINE = 4096
_MAX_CHUNK = 2**62
# Framing, routing and authentication never come last (RFC 9110, 6.5.1).
_NOT_IN_TRAILERS = (
    "transfer-encoding", "content-length", "host", "trailer", "te", "connection", "authorization",
    "cache-control", "content-encoding", "content-type", "content-range", "set-cookie", "age",
    "expires", "date", "location", "vary", "cookie", "expect", "max-forwards", "range",
)  # fmt: skip


class ChunkDecoder:
    """Feed it bytes, get the decoded pieces; `done` once the last chunk and trailers came."""

    def __init__(self) -> None:
        self.done = False
        self.trailers = Headers()
        self.rest = b""  # what follows the message, once done
        self._buffer = bytearray()
        self._left = 0  # bytes of the current chunk still to come
        self._state: Callable[[list[bytes]], bool] = self._size

    def feed(self, data: bytes) -> list[bytes]:
        """Decoded pieces of `data`; raises BadMessage where the coding is broken."""
        self._buffer += data
        pieces: list[bytes] = []
        while not self.done and self._state(pieces):
            pass
        if self.done:
            self.rest = bytes(self._buffer)
            self._buffer.clear()
        return pieces

    def _size(self, _: list[bytes]) -> bool:
        buffer = self._buffer
        end = buffer.find(b"\n")
        if end < 0 or end > _MAX_LINE:
            if len(buffer) > _MAX_LINE:
                raise BadMessage(400, "a chunk size line is too long")
            return False
        found = _SIZE_LINE.fullmatch(buffer[: end + 1])
        if found is None:
            raise BadMessage(400, "a chunk size is malformed")
        self._left = int(found[1], 16)
        if self._left > _MAX_CHUNK:
            raise BadMessage(400, "a chunk is too large")
        del buffer[: end + 1]
        self._state = self._data if self._left else self._last
        return True

    def _data(self, pieces: list[bytes]) -> bool:
        if not self._buffer:
            return False
        piece = bytes(self._buffer[: self._left])
        del self._buffer[: len(piece)]
        self._left -= len(piece)
        pieces.append(piece)
        if not self._left:
            self._state = self._data_end
        return True

    def _data_end(self, _: list[bytes]) -> bool:
        if len(self._buffer) < 2:
            if self._buffer and self._buffer[0] != 0x0D:
                raise BadMessage(400, "a chunk does not end where it says")
            return False
        if self._buffer[:2] != b"\r\n":
            raise BadMessage(400, "a chunk does not end where it says")
        del self._buffer[:2]
        self._state = self._size
        return True

    def _last(self, _: list[bytes]) -> bool:
        if self._buffer[:2] == b"\r\n":
            end = 2
        else:
            end = head_end(self._buffer)
            if end < 0:
                return False
            fields = parse_trailers(bytes(self._buffer[:end]))
            self.trailers = fields.without(_NOT_IN_TRAILERS)
        del self._buffer[:end]
        self.done = True
        return True


def encode_chunk(data: bytes) -> bytes:
    """One chunk; empty data would end the body and is left out."""
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""


def last_chunk(trailers: Headers) -> bytes:
    """The end of a chunked body."""
    return b"0\r\n" + render("", trailers)[2:] if trailers.pairs else b"0\r\n\r\n"
