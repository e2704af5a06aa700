"""For how long an answer is kept where HTTP leaves that to the cache: learned, within a budget.

An object changes at a rate u and is asked for at a rate l, as Poisson processes. Kept for T
seconds, it makes the cache ask the origin 1 / (1 + l T) times a request, and l (T - (1 - exp(-u T))
/ u) of the answers in that time are older than the origin's version. Where a stale answer is worth
p contacts and u T is small, both together cost least at p u (T + l T^2 / 2) = 1. One price for all
objects spends a budget of stale answers best; an account raises it where they were too many.

Functions on rows of float64, in the subset that numba compiles: proxy and simulator run the same.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Row = NDArray[np.float64]

# Of an object; times are seconds on any one clock. REQUESTS is 0 before its first contact.
TAG = 0  # names the version that the origin had at the last contact
BORN = 1  # time of the first contact
CHECKED = 2  # time of the last one
LASTS = 3  # the lifetime given then
CHARGED = 4  # stale answers beyond the budget that it was expected to give
HITS = 5  # answers it gave since; counted by whoever gives them
CHANGES = 6  # contacts that found it changed
QUIET = 7  # seconds without a change, up to the contact or back from it
REQUESTS = 8  # of late
WATCHED = 9  # seconds in which they came
WIDTH = 10

# Sums over all objects of a class, those forgotten included.
OBJECTS, BIRTHS, LEFT, ASKED, CHANGED, CALM, PAIRS, SQUARES = range(8)
SUMS = 8

# Of the account, shared by all classes.
BALANCE, STALE, ANSWERS, GIVEN, SECONDS = range(5)
ACCOUNT = 5

FADING = 0.8  # weight of earlier requests after each contact: demand moves faster than change
CREDIT = 10_000.0  # answers whose allowance, overdrawn, makes the price e times as high
LUMP = 30.0  # and so many stale answers besides: they come in lumps
SWING = 7.0  # powers of e that the price may move either way
FEWEST = 10.0  # changes of a class before its spread is judged
SPREAD, WIDEST, EVEN = 0.3, 0.02, 2.0  # shape of the prior: at first, least, most
UNKNOWN = -1.0  # age of a version without a Last-Modified that tells one
_TINY = 1e-9


class Terms(NamedTuple):
    """What the operator allows: a share of stale answers, and bounds of a lifetime in seconds."""

    staleness: float
    least: float = 0.0
    most: float = 86400.0


class Books(NamedTuple):
    """Where a contact is entered: in the row of the object, the sums of its class, the account."""

    row: Row
    sums: Row
    account: Row


class Seen(NamedTuple):
    """What a contact showed; `age`: seconds since the origin's version was made, or UNKNOWN."""

    tag: float
    now: float
    age: float


def price(account: Row, terms: Terms) -> float:
    """Contacts that a stale answer is worth now."""
    overdrawn = account[BALANCE] / (CREDIT * terms.staleness + LUMP)
    return math.exp(overdrawn) / (10.0 * terms.staleness)


def change_rate(row: Row, sums: Row) -> float:
    """Changes a second: mean of a Gamma belief, whose prior is how the class's rates spread."""
    mean = (sums[CHANGED] + 0.1) / max(sums[CALM], _TINY)
    shape = spread(sums)
    return float((shape + row[CHANGES]) / (shape / mean + row[QUIET]))


def spread(sums: Row) -> float:
    """Shape of the Gamma distribution that has the mean and the variance of a class's rates:
    small where most objects hardly change and a few do all the time."""
    if sums[CHANGED] <= FEWEST or sums[SQUARES] <= 0.0:
        return SPREAD
    mean = sums[CHANGED] / sums[CALM]
    variance = sums[PAIRS] / sums[SQUARES] - mean * mean
    return float(min(EVEN, max(WIDEST, mean * mean / variance))) if variance > 0.0 else EVEN


def request_rate(row: Row, sums: Row, now: float) -> float:
    """Requests a second, shrunk to the mean of the class by as much as one request."""
    watched = sums[OBJECTS] * now - sums[BIRTHS] + sums[LEFT]
    mean = sums[ASKED] / (max(watched, 0.0) + 1.0)  # contacts may come late, with earlier times
    return float((1.0 + row[REQUESTS]) / (1.0 / mean + row[WATCHED]))


def lifetime(changes: float, requests: float, price: float) -> float:
    """Seconds at which contacts and stale answers together cost least, as derived above."""
    once = 1.0 / max(price * changes, _TINY * _TINY)
    return 2.0 * once / (1.0 + math.sqrt(1.0 + 2.0 * requests * once))


def outdated(changes: float, lasts: float) -> float:
    """Seconds of a lifetime in which the origin is expected to have another version."""
    expected = changes * lasts
    if expected < 1e-6:  # the difference below would be all rounding
        return expected * lasts / 2.0
    return lasts + math.expm1(-expected) / changes


def settle(books: Books, seen: Seen, terms: Terms) -> None:
    """Learn what a contact tells of an object that was met before."""
    row, sums, account = books.row, books.sums, books.account
    since = max(seen.now - row[CHECKED], _TINY)
    held, hits = min(row[LASTS], since), row[HITS]
    sums[PAIRS] -= row[CHANGES] * (row[CHANGES] - 1.0)
    sums[SQUARES] -= row[QUIET] * row[QUIET]
    found, quiet, stale = 0.0, since, 0.0
    if seen.tag != row[TAG]:
        found = 1.0
        quiet = min(seen.age, since)
        if seen.age < 0.0:
            quiet = _since_change(change_rate(row, sums), since)
    row[CHANGES] += found
    row[QUIET] += quiet
    sums[CHANGED] += found
    sums[CALM] += quiet
    sums[PAIRS] += row[CHANGES] * (row[CHANGES] - 1.0)
    sums[SQUARES] += row[QUIET] * row[QUIET]
    if found > 0.0 and held > 0.0:
        # Of the hits, those behind the first change, given that there was one before the contact.
        rate = change_rate(row, sums)
        stale = hits * outdated(rate, held) / held / -math.expm1(-rate * since)
    row[REQUESTS] = FADING * row[REQUESTS] + hits + 1.0
    row[WATCHED] = FADING * row[WATCHED] + since
    sums[ASKED] += hits + 1.0
    account[STALE] += stale
    account[ANSWERS] += hits + 1.0
    account[BALANCE] += stale - terms.staleness * hits - row[CHARGED]


def _since_change(rate: float, since: float) -> float:
    """Seconds from the last change to now, expected where one came within `since` seconds."""
    expected = rate * since
    if expected < 1e-6:
        return since / 2.0
    return since * (1.0 / expected - 1.0 / math.expm1(min(expected, 500.0)))


def meet(books: Books, seen: Seen, terms: Terms) -> None:
    """The first contact with an object: its age counts as quiet, up to the longest lifetime."""
    row, sums, now = books.row, books.sums, seen.now
    quiet = min(max(seen.age, 0.0), terms.most)
    row[BORN] = now
    row[QUIET] = quiet
    row[REQUESTS] = 1.0
    sums[OBJECTS] += 1.0
    sums[BIRTHS] += now
    sums[ASKED] += 1.0
    sums[CALM] += quiet
    sums[SQUARES] += quiet * quiet
    books.account[ANSWERS] += 1.0


def give(books: Books, seen: Seen, terms: Terms) -> float:
    """The lifetime of an object by what is known of it, entered in its row and in the account."""
    row, sums, account = books.row, books.sums, books.account
    changes, requests = change_rate(row, sums), request_rate(row, sums, seen.now)
    best = lifetime(changes, requests, price(account, terms))
    lasts = min(max(best, terms.least), terms.most)
    known = row[WATCHED] > 0.0  # nobody knows yet whether a newcomer is asked for again
    stale = requests * outdated(changes, lasts) if known else 0.0
    hits = requests * lasts if known else 0.0
    # What is expected is charged now and put right at the next contact: else the price would
    # answer to a lifetime only when it is over.
    row[CHARGED] = stale - terms.staleness * hits
    account[BALANCE] += row[CHARGED] - terms.staleness
    limit = SWING * (CREDIT * terms.staleness + LUMP)
    account[BALANCE] = min(max(account[BALANCE], -limit), limit)
    account[GIVEN] += 1.0
    account[SECONDS] += lasts
    row[TAG], row[CHECKED], row[LASTS], row[HITS] = seen.tag, seen.now, lasts, 0.0
    return lasts


def contact(books: Books, seen: Seen, terms: Terms) -> float:
    """The origin was asked about an object: for how many seconds it may be used from now on."""
    if books.row[REQUESTS] > 0.0:
        settle(books, seen, terms)
    else:
        meet(books, seen, terms)
    return give(books, seen, terms)


def forget(row: Row, sums: Row) -> None:
    """An object's row is given up; what it taught its class stays."""
    sums[OBJECTS] -= 1.0
    sums[BIRTHS] -= row[BORN]
    sums[LEFT] += row[CHECKED] - row[BORN]
