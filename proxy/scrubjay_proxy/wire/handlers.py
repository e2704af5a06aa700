"""What a server of connections is given to answer by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from scrubjay_proxy.wire.call import Call
from scrubjay_proxy.wire.heads import BadMessage, RequestHead


class Client(Protocol):
    """What an answer without a task needs of the connection it goes out by."""

    encrypted: bool

    def answer(self, head: bytes, body: bytes) -> None:
        """Queue a whole answer."""


Refusal = Callable[[BadMessage], bytes]
# Answers a request without a body at once, or does nothing; without a parsed head, only where
# these very bytes were parsed before.
Quick = Callable[[bytes, RequestHead | None, Client], bool]
Direct = Callable[[Call], bool]  # begins to answer without a task, or does nothing
