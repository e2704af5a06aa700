"""What a server of connections is given to answer by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from scrubjay_proxy.wire.call import Call
from scrubjay_proxy.wire.heads import BadMessage, RequestHead


class Client(Protocol):
    """What an answer without a task needs of the connection it goes out by; `since`: when the
    request that waited came, by the performance counter, 0 where it did not wait."""

    encrypted: bool
    since: float

    def answer(self, head: bytes, body: bytes) -> None:
        """Queue a whole answer."""

    def wait(self, since: float) -> None:
        """Hold the request, and all behind it, until `proceed`."""

    def proceed(self) -> bool:
        """Answer the request that waited; whether a task does it."""


Refusal = Callable[[BadMessage], bytes]
# Answers a request without a body at once, or has it wait, or does nothing (False); without a
# parsed head, only where these very bytes were parsed before.
Quick = Callable[[bytes, RequestHead | None, Client], bool]
Direct = Callable[[Call], bool]  # begins to answer without a task, or does nothing
