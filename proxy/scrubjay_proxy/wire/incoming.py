"""What came from a client and was not read yet."""

from __future__ import annotations

from scrubjay_proxy.wire.heads import head_end


class Incoming(bytearray):
    """Bytes in the order in which they came; `searched` of them have no end of a head."""

    __slots__ = ("searched",)

    def __init__(self) -> None:
        super().__init__()
        self.searched = 0

    def take_head(self) -> bytes:
        """The next head, nothing while it is incomplete. Raises BadMessage."""
        if self.searched == 0:
            while self[:2] == b"\r\n":  # RFC 9112, 2.2
                del self[:2]
        if not self:
            return b""
        end = head_end(self, self.searched)
        if end < 0:
            self.searched = len(self)
            return b""
        self.searched = 0
        return self._take(end)

    def take_all(self) -> bytes:
        """Everything."""
        return self._take(len(self))

    def _take(self, end: int) -> bytes:
        data = bytes(self[:end])
        del self[:end]
        return data
