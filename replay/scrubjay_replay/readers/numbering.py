"""Dense numbers for keys, in order of first appearance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

SMALLEST = 1 << 12  # slots
FULLEST = 0.6  # of the slots
LONGEST = 18  # digits, fit an int64
SPREAD = np.uint64(0x9E3779B97F4A7C15)  # 2**64 / golden ratio, as Knuth's multiplicative hashing

Integers = NDArray[np.int64]


class Numbering:
    """Numbers keys that are whole numbers without an object each, until a key is another text."""

    def __init__(self) -> None:
        self._table = _Table(SMALLEST)
        self._texts: _Texts | None = None

    def __len__(self) -> int:
        return self._table.count if self._texts is None else len(self._texts)

    def of(self, keys: Integers | Sequence[bytes]) -> Integers:
        """The number of each key; one that is new gets the next."""
        if isinstance(keys, np.ndarray):
            return self.of_integers(keys)
        return self.of_texts(keys)

    def of_integers(self, keys: Integers) -> Integers:
        """A key 7 is the same as a key `7` among texts."""
        if self._texts is not None:
            return self.of_texts([b"%d" % key for key in keys.tolist()])
        found = self._table.find(keys)
        missing = np.flatnonzero(found < 0)
        if len(missing):
            self._add(keys[missing])
            found[missing] = self._table.find(keys[missing])
        return found

    def of_texts(self, keys: Sequence[bytes]) -> Integers:
        """Texts are different when their bytes are."""
        if self._texts is None:
            if all(map(is_integer, keys)):
                return self.of_integers(np.array([*map(int, keys)], np.int64))
            self._texts = _Texts(self._table)
        return np.fromiter(map(self._texts.__getitem__, keys), np.int64, len(keys))

    def _add(self, keys: Integers) -> None:
        new, first = np.unique(keys, return_index=True)
        self._table = self._table.with_room(len(new))
        self._table.add(new[np.argsort(first)])


def is_integer(key: bytes) -> bool:
    """Whether the text is how a whole number is written, so that number and text are one."""
    return key.isdigit() and len(key) <= LONGEST and (key[0] != ord("0") or len(key) == 1)


def in_order_of_appearance(keys: Integers) -> Integers:
    """The same keys, renumbered."""
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    number = np.empty(len(first), np.int64)
    number[np.argsort(first)] = np.arange(len(first))
    return number[inverse]


class _Texts(dict[bytes, int]):
    """Gives a key that is not there the next number."""

    def __init__(self, table: _Table) -> None:
        super().__init__((b"%d" % key, number) for key, number in table.items())

    def __missing__(self, key: bytes) -> int:
        self[key] = number = len(self)
        return number


class _Table:
    """An open-addressing hash table in two arrays; every step is taken for all keys at once."""

    def __init__(self, slots: int) -> None:
        self.count = 0
        self._keys = np.zeros(slots, np.int64)
        self._numbers = np.full(slots, -1, np.int32)  # -1: a free slot
        self._shift = np.uint64(64 - (slots.bit_length() - 1))

    def find(self, keys: Integers) -> Integers:
        """The number of each key, -1 if it has none."""
        slot = self._home(keys)
        found = self._numbers[slot].astype(np.int64)
        left = np.flatnonzero((found >= 0) & (self._keys[slot] != keys))
        slot = slot[left]
        while len(left):
            slot = (slot + 1) & (len(self._keys) - 1)
            found[left] = self._numbers[slot]
            other = (found[left] >= 0) & (self._keys[slot] != keys[left])
            left, slot = left[other], slot[other]
        return found

    def add(self, keys: Integers) -> None:
        """Number different keys that are not there yet, in their order."""
        numbers = np.arange(self.count, self.count + len(keys), dtype=np.int32)
        self.count += len(keys)
        self._place(keys, numbers)

    def with_room(self, more: int) -> _Table:
        """This table, or a larger one if as many keys would crowd it."""
        slots = len(self._keys)
        while self.count + more > FULLEST * slots:
            slots *= 2
        if slots == len(self._keys):
            return self
        larger = _Table(slots)
        used = self._numbers >= 0
        larger.count = self.count
        larger._place(self._keys[used], self._numbers[used])
        return larger

    def items(self) -> list[tuple[int, int]]:
        """Keys with their numbers, in order of the numbers."""
        used = np.flatnonzero(self._numbers >= 0)
        used = used[np.argsort(self._numbers[used])]
        return [*zip(self._keys[used].tolist(), self._numbers[used].tolist(), strict=True)]

    def _place(self, keys: Integers, numbers: NDArray[np.int32]) -> None:
        slot = self._home(keys)
        while len(keys):
            free = self._numbers[slot] < 0
            self._keys[slot[free]] = keys[free]
            self._numbers[slot[free]] = numbers[free]  # of several at one slot the last stays
            left = self._numbers[slot] != numbers
            keys, numbers = keys[left], numbers[left]
            slot = (slot[left] + 1) & (len(self._keys) - 1)

    def _home(self, keys: Integers) -> Integers:
        bits = keys.view(np.uint64)
        return (((bits ^ (bits >> np.uint64(32))) * SPREAD) >> self._shift).view(np.int64)
