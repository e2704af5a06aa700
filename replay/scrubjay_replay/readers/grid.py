"""Whole chunks of a plain table parsed at once, without an object for each field.

Plain means: the same number of columns in every line, no quotes, and numbers written as digits
with at most one point. Whatever is otherwise is None here, and read line by line by those who
know what to say about it. Where a number is given it is what int() or float() make of the text.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BREAK, POINT, ZERO = b"\n"[0], b"."[0], b"0"[0]
EXACT_DIGITS = 15  # below 2**53; so is the power of ten below, and one division rounds right
KEY_DIGITS = 18  # fit an int64

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


class Grid:
    """The fields of some lines as ranges of the text."""

    def __init__(self, text: bytes, starts: Integers, ends: Integers) -> None:
        self._text = text
        self._bytes = np.frombuffer(text, np.uint8)
        self._starts, self._ends = starts, ends  # a row a line, a column a field
        self._points = np.flatnonzero(self._bytes == POINT)

    def __len__(self) -> int:
        return len(self._starts)

    def cells(self, column: int) -> list[bytes]:
        """The texts of a column."""
        starts, ends = self._starts[:, column].tolist(), self._ends[:, column].tolist()
        text = self._text
        return [text[start:end] for start, end in zip(starts, ends, strict=True)]

    def keys(self, column: int) -> Integers | list[bytes] | None:
        """Whole numbers if every key is one as it is written; None if one is empty."""
        starts, ends = self._starts[:, column], self._ends[:, column]
        if (starts == ends).any():
            return None
        if ((self._bytes[starts] == ZERO) & (ends - starts > 1)).any():
            return self.cells(column)
        numbers = self._digits(starts, ends, KEY_DIGITS)
        return self.cells(column) if numbers is None else numbers

    def integers(self, column: int) -> tuple[Integers, NDArray[np.bool_]] | None:
        """The numbers of a column, and where there are none (0)."""
        starts, ends = self._starts[:, column], self._ends[:, column]
        numbers = self._digits(starts, ends, EXACT_DIGITS)
        return None if numbers is None else (numbers, starts == ends)

    def decimals(self, column: int) -> Floats | None:
        """The numbers of a column; nan where there is none."""
        starts, ends = self._starts[:, column], self._ends[:, column]
        points = self._points_of(starts, ends)
        digits = ends - starts - (points < ends)
        if (digits > EXACT_DIGITS).any() or ((digits == 0) & (points < ends)).any():
            return None
        whole = self._digits(starts, points, EXACT_DIGITS)
        if whole is None:
            return None
        places = np.maximum(ends - points - 1, 0)
        values = whole.astype(np.float64)
        if places.any():
            parts = self._digits(ends - places, ends, EXACT_DIGITS)
            if parts is None:
                return None
            power = 10**places
            values = (whole * power + parts) / power
        values[digits == 0] = np.nan
        return values

    def _points_of(self, starts: Integers, ends: Integers) -> Integers:
        """Where the first point of each field is, its end if it has none."""
        if not len(self._points):
            return ends
        first = np.searchsorted(self._points, starts)
        at: Integers = np.minimum(np.append(self._points, len(self._text))[first], ends)
        return at

    def _digits(self, starts: Integers, ends: Integers, most: int) -> Integers | None:
        """The whole numbers in ranges of the text, 0 in an empty one; None if there is another."""
        lengths = ends - starts
        longest = int(lengths.max(initial=0))
        if longest > most:
            return None
        shortest = int(lengths.min(initial=longest))
        total = np.zeros(len(starts), np.int64)
        power = 1
        for place in range(longest):
            digit = self._bytes[ends - (place + 1)] - np.uint8(ZERO)
            if place >= shortest:
                digit[lengths <= place] = 0
            if (digit > 9).any():
                return None
            total += digit.astype(np.int64) * power
            power *= 10
        return total


def grid(text: bytes, separator: bytes, columns: int) -> Grid | None:
    """Lines split into fields, if all have as many and nothing is quoted."""
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n")
    if b'"' in text or b"\r" in text:
        return None
    signs = np.frombuffer(text, np.uint8)
    marks = np.flatnonzero((signs == separator[0]) | (signs == BREAK))
    if len(marks) % columns or not len(marks):
        return None
    ends = marks.reshape(-1, columns)
    kinds = signs[ends]
    if (kinds[:, -1] != BREAK).any() or (kinds[:, :-1] == BREAK).any():
        return None
    starts = np.concatenate(([0], marks[:-1] + 1)).reshape(-1, columns)
    return Grid(text, starts, ends)
