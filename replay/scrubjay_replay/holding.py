"""How long to keep what has no lifetime, simulated: stale answers against origin contacts.

Nothing is evicted, so that lifetimes alone decide. `run` is plain Python that numba compiles with
the functions of `scrubjay_policies.hold`, which the proxy runs as they stand.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scrubjay_policies import hold
from scrubjay_policies.hold import Books, Seen, Terms, contact, lifetime
from scrubjay_replay.errors import UseError
from scrubjay_replay.outcome import Verdict
from scrubjay_replay.prepared import Prepared
from scrubjay_replay.simulate import ASKED, STALE, WRITE, Simulated
from scrubjay_replay.synthetic.parameters import number, seconds, share
from scrubjay_replay.trace import requests

WAYS = ("fixed", "heuristic", "learned", "hindsight")
FIXED, HEURISTIC, LEARNED, HINDSIGHT = range(4)
READERS: tuple[Callable[[str], float], ...] = (seconds, share, share, number)
HINT = "Write it like fixed:60s, heuristic:10%, learned:1% or hindsight:20."
MISS, HIT, CHECKED = int(Verdict.MISS), int(Verdict.HIT), int(Verdict.CHECKED)


class Lifetimes(NamedTuple):
    """How lifetimes are chosen: the same seconds for all, a share of the time since the last
    change (RFC 9111, 4.2.2), within a share of stale answers by what contacts showed, or best by
    the rates that the whole trace has, if a stale answer is worth so many contacts."""

    way: int
    value: float
    terms: Terms
    dated: bool  # whether the origin says when it changed last


def lifetimes(text: str, *, most: float = 86400.0, dated: bool = True) -> Lifetimes:
    """Out of `fixed:60s`, `heuristic:10%`, `learned:1%` or `hindsight:20`."""
    name, colon, told = text.strip().partition(":")
    if name not in WAYS or not colon:
        raise UseError(f"--lifetime is {text!r}", hint=HINT)
    way = WAYS.index(name)
    try:
        value = READERS[way](told)
    except (UseError, ValueError) as error:
        raise UseError(f"--lifetime is {text!r}", hint=HINT) from error
    if way == LEARNED and not 0 < value < 1:
        raise UseError(f"--lifetime is {text!r}", hint="Between 0% and 100% of the answers.")
    if way == HEURISTIC and not dated:
        raise UseError(f"--lifetime {text!r} needs Last-Modified", hint="Leave --undated out.")
    return Lifetimes(way, value, Terms(value, 0.0, most), dated)


def simulate(prepared: Prepared, chosen: Lifetimes, *, engine: str = "numba") -> Simulated:
    """What becomes of each row; a row with a lifetime of its own keeps it."""
    trace = prepared.trace
    verdict, flags = np.zeros(len(trace.key), np.uint8), np.zeros(len(trace.key), np.uint8)
    rows = np.zeros((prepared.objects, hold.WIDTH))
    rates = in_hindsight(prepared) if chosen.way == HINDSIGHT else np.zeros((prepared.objects, 2))
    known = rows, np.zeros(hold.SUMS), np.zeros(hold.ACCOUNT), rates
    step = loop() if engine == "numba" else run
    began = time.perf_counter()
    step(trace, chosen, known, (verdict, flags))
    return Simulated(verdict, flags, 0, 0, time.perf_counter() - began)


def in_hindsight(prepared: Prepared) -> NDArray[np.float64]:
    """Changes and requests a second of each object, from its first request to the end."""
    trace, objects = prepared.trace, prepared.objects
    asked = np.bincount(trace.key[~trace.write], minlength=objects)
    written = np.bincount(trace.key[trace.write], minlength=objects)
    first = np.full(objects, trace.at[-1])
    np.minimum.at(first, trace.key[~trace.write], trace.at[~trace.write])
    span = np.maximum(trace.at[-1] - first, 1e-6)
    return np.column_stack((written / span, asked / span))


@lru_cache(maxsize=1)
def loop() -> Callable[..., None]:
    """`run`, compiled: some seconds the first time on a machine, then from the disk."""
    import numba

    from scrubjay_replay.compiled import compiled

    types: Any = numba.types
    typed: Callable[[Any], Any] = numba.typeof
    matrix, row = types.Array(types.float64, 2, "C"), types.Array(types.float64, 1, "C")
    out = types.Array(types.uint8, 1, "C")
    chosen = typed(Lifetimes(FIXED, 0.0, Terms(0.0), dated=True))
    known, told = types.Tuple((matrix, row, row, matrix)), types.UniTuple(out, 2)
    signature = types.void(typed(requests([], [], [])), chosen, known, told)
    found: Callable[..., None] = compiled(run, signature)
    return found


def run(trace: Any, chosen: Any, known: Any, told: Any) -> None:
    """Every row of the trace; a lifetime of its own is nan where it has none."""
    times, keys, _, lifetimes, _, writes = trace
    (rows, sums, account, rates), (verdict, flags) = known, told
    way, value, terms, dated = chosen
    objects = len(rows)
    version, changed = np.zeros(objects), np.full(objects, np.nan)
    stored, expires = np.full(objects, -1.0), np.zeros(objects)
    for i in range(len(times)):
        key, now = keys[i], times[i]
        if writes[i]:
            verdict[i] = WRITE
            version[key] += 1.0
            changed[key] = now
            continue
        if math.isnan(changed[key]):
            changed[key] = now  # an object is made at its first request
        good = stored[key] == version[key]
        if stored[key] >= 0.0 and expires[key] > now:
            verdict[i], flags[i] = HIT, 0 if good else STALE
            rows[key, hold.HITS] += 1.0
            continue
        verdict[i], flags[i] = CHECKED if good else MISS, ASKED if stored[key] >= 0.0 else 0
        age = now - changed[key]
        lasts = lifetimes[i]
        if math.isnan(lasts):
            if way == FIXED:
                lasts = value
            elif way == HEURISTIC:
                lasts = min(age * value, terms.most)
            elif way == LEARNED:
                books = Books(rows[key], sums, account)
                seen = Seen(version[key], now, age if dated else hold.UNKNOWN)
                lasts = contact(books, seen, terms)
            else:
                best = lifetime(rates[key, 0], rates[key, 1], value)
                lasts = min(best, terms.most)
        stored[key], expires[key] = version[key], now + lasts
