"""Which object is asked for: Zipf, and Zipf whose ranks change over time.

A model gives one id a request. An id is a number of its own; those of a model need not be dense.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scrubjay_replay.errors import UseError
from scrubjay_replay.synthetic.arrivals import Times
from scrubjay_replay.synthetic.draws import Draws, ranks

Ids = NDArray[np.int64]


def zipf(times: Times, draws: Draws, *, objects: int, alpha: float) -> Ids:
    """The independent reference model: no request knows of the one before."""
    return ranks(draws, len(times), objects, alpha)


def drift(
    times: Times, draws: Draws, *, objects: int, alpha: float, every: int, churn: float
) -> Ids:
    """Every `every` requests a share `churn` of the objects change ranks among themselves."""
    ids = ranks(draws.of(0), len(times), objects, alpha)
    chance = draws.of(1).generator()
    holder = np.arange(objects)
    for start in range(every, len(ids), every):
        moved = np.flatnonzero(chance.random(objects) < churn)
        holder[moved] = holder[moved][np.argsort(chance.random(len(moved)), kind="stable")]
        ids[start : start + every] = holder[ids[start : start + every]]
    return ids


def news(times: Times, draws: Draws, *, objects: int, alpha: float, lifespan: int) -> Ids:
    """Objects are born all along and their demand decays: the shot noise model (Traverso 2013)."""
    count = len(times)
    ids = ranks(draws.of(0), count, objects, alpha)
    when = draws.of(1).random(objects)[ids]
    when -= np.log1p(-draws.of(2).random(count)) * (lifespan / count)
    # What would come after the end comes at the start, from an object born before it: the demand
    # is the same all along, and no object has two lives.
    ids[when >= 1] += objects
    return ids[np.argsort(when % 1.0, kind="stable")]


def check_crowds(*, crowds: int, lasts: float, **_: object) -> None:
    """Refuse more than a trace has room for."""
    if crowds * lasts > 1:
        raise UseError(
            f"--crowds {crowds} of --lasts {lasts:g} do not fit into the trace",
            hint=f"With {crowds} crowds, --lasts is at most {1 / crowds:g}.",
        )


def flash(
    times: Times,
    draws: Draws,
    *,
    objects: int,
    alpha: float,
    crowds: int,
    hot: int,
    share: float,
    lasts: float,
) -> Ids:
    """In each of `crowds` equal spans, for a while, a few new objects draw a share of all."""
    count = len(times)
    ids = ranks(draws.of(0), count, objects, alpha)
    progress = np.arange(count) * (crowds / count)
    crowd = progress.astype(np.int64)
    struck = np.abs(progress - crowd - 0.5) < lasts * crowds / 2
    struck &= draws.of(1).happens(share, count)
    which = draws.of(2).below(hot, int(struck.sum()))
    ids[struck] = objects + crowd[struck] * hot + which
    return ids


def diurnal(times: Times, draws: Draws, *, objects: int, alpha: float, shift: float) -> Ids:
    """A share `shift` goes by the favourites of the hour, which come again the next day."""
    ids = ranks(draws.of(0), len(times), objects, alpha)
    moved = draws.of(1).happens(shift, len(times))
    ids[moved] = (ids[moved] + times.hour[moved] * objects // 24) % objects
    return ids
