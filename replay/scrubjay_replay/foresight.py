"""The loops of the policies that know the future, compiled.

A cached object stands in a heap with the position of its next request, the farthest on top. Those
positions are all different, so that they name the object as well. When one is reached its entry has
become the smallest there is: old entries sink, need not be looked for, and never come up while
anything is held.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

BLOCK = 128  # heaps that are looked into or passed over together


class Future(NamedTuple):
    """The requests, all of them known, and the cache's size."""

    key: NDArray[np.int64]
    ahead: NDArray[np.int64]  # position of the next request; where there is none, len(key) + key
    kind: NDArray[np.int64]  # of each key: which of the sizes it has
    sizes: NDArray[np.int64]  # all there are, ascending
    capacity: int


class Books(NamedTuple):
    """What the cache holds, to be carried from one stretch of requests to the next."""

    held: NDArray[np.bool_]  # each key
    used: NDArray[np.int64]  # one number, bytes
    heap: NDArray[np.int64]  # all heaps, one behind the other
    first: NDArray[np.int64]  # place of each heap's top
    filled: NDArray[np.int64]  # entries of each heap, old ones too
    reach: NDArray[np.int64]  # no top in a block of heaps is farther
    victims: NDArray[np.int64]  # room for one decision


def books(keys: int, entries: NDArray[np.int64]) -> Books:
    """Nothing held; `entries` is the number of requests that may enter each heap."""
    return Books(
        np.zeros(keys, np.bool_),
        np.zeros(1, np.int64),
        np.empty(entries.sum(), np.int64),
        np.cumsum(entries) - entries,
        np.zeros(len(entries), np.int64),
        np.full(-(-len(entries) // BLOCK), -1, np.int64),
        np.empty(keys, np.int64),
    )


@njit(cache=True, nogil=True)
def farthest(future: Future, books: Books, hit: NDArray[np.bool_], begin: int, end: int) -> None:
    """Belady's: what is asked for last makes room, and whatever fits is taken in."""
    key, kind, sizes = future.key, future.kind, future.sizes
    for now in range(begin, end):
        asked = key[now]
        size = sizes[kind[asked]]
        hit[now] = books.held[asked]
        if not hit[now]:
            if size > future.capacity:
                continue
            while books.used[0] + size > future.capacity:
                last = _pop(books, 0)
                victim = key[last] if last < len(key) else last - len(key)
                books.held[victim] = False
                books.used[0] -= sizes[kind[victim]]
            books.held[asked] = True
            books.used[0] += size
        _push(books, 0, future.ahead[now])


@njit(cache=True, nogil=True)
def largest(future: Future, books: Books, hit: NDArray[np.bool_], begin: int, end: int) -> None:
    """The largest size times distance to the next request goes, be it the newcomer's.

    Among objects of one size that is the farthest: a heap for each size, and their tops compared,
    gives the same as looking at every object. What has no next request is not kept.
    """
    for now in range(begin, end):
        asked = future.key[now]
        kind = future.kind[asked]
        again = future.ahead[now] < len(future.key)
        hit[now] = books.held[asked]
        if not hit[now]:
            if not again or not _make_room(future, books, now):
                continue
            books.held[asked] = True
            books.used[0] += future.sizes[kind]
        if again:
            _push(books, kind, future.ahead[now])
        else:
            books.held[asked] = False
            books.used[0] -= future.sizes[kind]


@njit(cache=True, nogil=True)
def _make_room(future: Future, books: Books, now: int) -> bool:
    """Evict what is worse than the newcomer until that fits; where it never does, nothing."""
    key, kind, sizes = future.key, future.kind, future.sizes
    size = sizes[kind[key[now]]]
    if size > future.capacity:
        return False
    used, out = books.used[0], 0
    while used + size > future.capacity:
        worst = _worst(future, books, now)
        if worst < 0:
            break
        books.victims[out] = _pop(books, worst)
        out += 1
        used -= sizes[worst]
    fits = used + size <= future.capacity
    for position in books.victims[:out]:
        if fits:
            books.held[key[position]] = False
        else:
            _push(books, kind[key[position]], position)
    if fits:
        books.used[0] = used
    return bool(fits)


@njit(cache=True, nogil=True)
def _worst(future: Future, books: Books, now: int) -> int:
    """The heap whose top is the largest size times distance, -1: the newcomer's is.

    A block is looked into where its farthest, with its largest size, would be worse than the worst.
    """
    sizes = future.sizes
    worst = -1
    most = float(future.ahead[now] - now) * sizes[future.kind[future.key[now]]]
    for block in range(len(books.reach) - 1, -1, -1):
        begin, end = block * BLOCK, min((block + 1) * BLOCK, len(sizes))
        if float(books.reach[block] - now) * sizes[end - 1] <= most:
            continue
        books.reach[block] = -1
        for heap in range(begin, end):
            if books.filled[heap] > 0:
                top = books.heap[books.first[heap]]
                books.reach[block] = max(books.reach[block], top)
                score = float(top - now) * sizes[heap]
                if score > most:
                    worst, most = heap, score
    return worst


@njit(cache=True, nogil=True)
def _push(books: Books, heap: int, value: int) -> None:
    first = books.first[heap]
    place = books.filled[heap]
    books.filled[heap] += 1
    books.reach[heap // BLOCK] = max(books.reach[heap // BLOCK], value)
    while place > 0:
        above = (place - 1) // 2
        if books.heap[first + above] >= value:
            break
        books.heap[first + place] = books.heap[first + above]
        place = above
    books.heap[first + place] = value


@njit(cache=True, nogil=True)
def _pop(books: Books, heap: int) -> int:
    """The largest value of a heap, taken out."""
    first = books.first[heap]
    top = books.heap[first]
    books.filled[heap] -= 1
    count = books.filled[heap]
    value = books.heap[first + count]
    place = 0
    while 2 * place + 1 < count:
        below = 2 * place + 1
        if below + 1 < count and books.heap[first + below + 1] > books.heap[first + below]:
            below += 1
        if books.heap[first + below] <= value:
            break
        books.heap[first + place] = books.heap[first + below]
        place = below
    books.heap[first + place] = value
    return int(top)
