"""How many exchanges an origin gets at once."""

from __future__ import annotations

import asyncio
from contextlib import suppress


class Places(asyncio.Semaphore):
    """How many may be served at once, the others in turn."""

    def take(self) -> bool:
        """Take a place at once, where one is free."""
        if self.locked():
            return False
        with suppress(StopIteration):  # it waits for nobody where it is not locked
            self.acquire().send(None)
        return True
