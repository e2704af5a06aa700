"""What came of unpacking: the same for all who ask, for as long as somebody keeps it."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from typing import Generic, TypeVar
from weakref import ref

from scrubjay_proxy.http.messages import Stored

K = TypeVar("K", bound=Hashable)


class Variants(list[Stored]):
    """All that is stored under a key, never changed."""

    __slots__ = ("__weakref__",)


class _Known(ref[Variants], Generic[K]):
    """Variants, and what they are known by."""

    __slots__ = ("key",)
    key: K


class Unpacked(Generic[K]):
    """Variants by key; the last `strong` that came stay although nobody keeps them."""

    def __init__(self, strong: int) -> None:
        self._known: dict[K, _Known[K]] = {}
        self._lately: deque[Variants] = deque(maxlen=strong)

    def __len__(self) -> int:
        return len(self._known)

    def get(self, key: K) -> Variants | None:
        """What is kept under a key."""
        known = self._known.get(key)
        return None if known is None else known()

    def put(self, key: K, variants: Variants) -> None:
        """From now on all who ask get these."""
        self._known[key] = known = _Known(variants, self._forget)
        known.key = key
        self._lately.append(variants)

    def drop(self, key: K) -> None:
        """What is stored under the key is not what it was."""
        self._known.pop(key, None)

    def clear(self) -> None:
        """Nothing is stored any more."""
        self._known.clear()
        self._lately.clear()

    def _forget(self, known: _Known[K]) -> None:
        if self._known.get(known.key) is known:
            del self._known[known.key]
