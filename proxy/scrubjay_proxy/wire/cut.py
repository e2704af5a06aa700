"""An end that cannot be taken for the end of an answer."""

from __future__ import annotations

import asyncio
import socket
import struct

_AT_ONCE = struct.pack("ii", 1, 0)  # linger for no time


def cut(transport: asyncio.Transport) -> None:
    """Close at once, whatever is unsent, with a reset: a mere end would be taken for the end of
    an answer that is delimited by it."""
    if sock := transport.get_extra_info("socket"):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    transport.abort()
