"""Rows that are no requests: an object has changed at the origin.

Each object changes by a Poisson process of its own from its first request on (before it, no
cache could hold it) to the end of the trace. Its rate is a factor of the mean rate.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scrubjay_replay import units
from scrubjay_replay.errors import UseError
from scrubjay_replay.synthetic.classes import Kind, drawn
from scrubjay_replay.synthetic.draws import Draws
from scrubjay_replay.synthetic.parameters import MOST_ROWS, number, share

HOT_SHARE = 0.01  # of the objects, the most requested: configuration, menus
HOT_FACTOR = 0.05  # they change seldom
FACTORS = Kind(
    "--writes",
    number,
    # Prices and scores; pages; images under versioned names.
    {"even": "1", "classes": "8:0.1,0.5:0.4,0:0.5"},
    0,
    1e6,
    "8:0.1,0.5:0.9 (times the mean rate, share of the objects)",
    optional=False,
)
MOST_SHARE = 0.95
RATE_HINT = "Write changes of each object like 6/h, 1/min or 2/d, or a share of all rows like 20%."


class Rate(NamedTuple):
    """How much changes: a mean for each object, or a share of all rows."""

    a_second: float = 0.0
    share: float = 0.0


class Requests(NamedTuple):
    """When is which object asked for; with `write`, or changed."""

    at: NDArray[np.float64]
    key: NDArray[np.int64]  # dense, in order of first appearance
    write: NDArray[np.bool_]


def rate(text: str) -> Rate:
    """Of 6/h (changes of each object) or 20% (of the rows)."""
    try:
        if not text.strip().endswith("%"):
            return Rate(a_second=units.change_rate(text))
        found = share(text)
    except (UseError, ValueError) as error:
        raise UseError(f"--write-rate is {text!r}", hint=RATE_HINT) from error
    if found > MOST_SHARE:
        raise UseError(f"--write-rate is {text!r}", hint=f"At most {MOST_SHARE:.0%} of the rows.")
    return Rate(share=found)


def with_changes(
    at: NDArray[np.float64], key: NDArray[np.int64], rate: Rate, factors: str, draws: Draws
) -> Requests:
    """The requests and the changes, in order of time; the requests stay as they are."""
    asked = np.bincount(key)
    born = at[first_places(key, len(asked))]
    exposed = (at[-1] - born) * factor(asked, factors, draws.of(0))  # seconds at the mean rate
    count = how_many(rate, float(exposed.sum()), len(key))
    cumulated = np.cumsum(exposed)
    changed = np.searchsorted(cumulated, draws.of(1).random(count) * cumulated[-1])
    when = draws.of(2).random(count)
    when *= at[-1] - born[changed]
    when += born[changed]
    np.round(when, 6, out=when)
    order = np.argsort(when, kind="stable")
    return merged(at, key, when[order], changed[order])


def factor(asked: NDArray[np.int64], text: str, draws: Draws) -> NDArray[np.float64]:
    """How fast each object changes relative to the mean of all; `asked`: its requests."""
    factors = drawn(FACTORS.classes(text), draws, len(asked))
    if text == "classes":
        most = np.argsort(-asked, kind="stable")[: round(len(asked) * HOT_SHARE)]
        factors[most] = HOT_FACTOR
    return factors * (len(factors) / factors.sum()) if factors.any() else factors


def how_many(rate: Rate, exposed: float, requests: int) -> int:
    """The count of changes in all."""
    if rate.share:
        wanted = requests * rate.share / (1 - rate.share)
        return round(wanted) if exposed else 0
    wanted = rate.a_second * exposed
    if wanted + requests > MOST_ROWS:
        raise UseError(
            f"--write-rate makes {wanted:,.0f} changes of {requests:,} requests",
            hint=f"A trace has at most {MOST_ROWS:,} rows: lower --write-rate, or raise --rate.",
        )
    return round(wanted)


def first_places(key: NDArray[np.int64], objects: int) -> NDArray[np.int64]:
    """Where each key stands first; behind the end, where it doesn't."""
    first = np.full(objects, len(key), np.int64)
    first[key[::-1]] = np.arange(len(key) - 1, -1, -1)  # the last one written stays
    return first


def merged(
    at: NDArray[np.float64],
    key: NDArray[np.int64],
    when: NDArray[np.float64],
    changed: NDArray[np.int64],
) -> Requests:
    """A change stands behind the requests of the same moment."""
    write = np.zeros(len(at) + len(when), np.bool_)
    write[np.searchsorted(at, when, side="right") + np.arange(len(when))] = True
    whole_at = np.empty(len(write))
    whole_at[write], whole_at[~write] = when, at
    whole_key = np.empty(len(write), np.int64)
    whole_key[write], whole_key[~write] = changed, key
    return Requests(whole_at, whole_key, write)
