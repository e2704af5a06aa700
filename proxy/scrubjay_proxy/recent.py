"""A bounded map of what was asked for lately."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """Keeps what was found since the generation before last, so that finding moves nothing.

    A generation ends once the keys in it weigh `most`, so that two of them bound the whole.
    """

    __slots__ = ("_most", "_old", "_weigh", "_weight", "_young")

    def __init__(self, most: int, weigh: Callable[[K], int] = lambda _: 1) -> None:
        self._most, self._weigh = most, weigh
        self._weight = 0
        self._young: dict[K, V] = {}
        self._old: dict[K, V] = {}

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def get(self, key: K) -> V | None:
        """What is kept under a key; it stays for another generation."""
        found = self._young.get(key)
        if found is None and (found := self._old.get(key)) is not None:
            self.put(key, found)
        return found

    def put(self, key: K, value: V) -> None:
        """Keep it, in place of what was kept under the key."""
        if key not in self._young:
            self._weight += self._weigh(key)
            if self._weight > self._most:
                self._old, self._young, self._weight = self._young, {}, self._weigh(key)
        self._old.pop(key, None)
        self._young[key] = value
