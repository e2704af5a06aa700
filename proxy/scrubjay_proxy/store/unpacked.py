"""What came of unpacking: the same for all who ask, for as long as somebody keeps it."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from typing import Generic, TypeVar
from weakref import ref

from scrubjay_proxy.http.messages import Stored

K = TypeVar("K", bound=Hashable)
P = TypeVar("P")


class Variants(list[Stored]):
    """All that is stored under a key, never changed."""

    __slots__ = ("__weakref__",)


class Known(ref[Variants], Generic[K, P]):
    """Variants, what they are known by, and the place where they are packed."""

    __slots__ = ("key", "place")
    key: K
    place: P


class Unpacked(Generic[K, P]):
    """Variants by key; the last `strong` that came stay although nobody keeps them."""

    def __init__(self, strong: int) -> None:
        self._known: dict[K, Known[K, P]] = {}
        self.known = self._known.get  # as long as somebody keeps what came of it
        self._lately: deque[Variants] = deque(maxlen=strong)

    def __len__(self) -> int:
        return len(self._known)

    def get(self, key: K) -> Variants | None:
        """What is kept under a key."""
        known = self._known.get(key)
        return None if known is None else known()

    def put(self, key: K, variants: Variants, place: P) -> None:
        """From now on all who ask get these."""
        self._known[key] = known = Known(variants, self._forget)
        known.key, known.place = key, place
        self._lately.append(variants)

    def drop(self, key: K) -> None:
        """What is stored under the key is not what it was."""
        self._known.pop(key, None)

    def clear(self) -> None:
        """Nothing is stored any more."""
        self._known.clear()
        self._lately.clear()

    def _forget(self, known: Known[K, P]) -> None:
        if self._known.get(known.key) is known:
            del self._known[known.key]
