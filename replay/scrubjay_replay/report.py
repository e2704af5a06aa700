"""The result of a replay: its columns, defined once, as a table and as JSON."""

from __future__ import annotations

import hashlib
import json
import math
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.table import Table

from scrubjay_replay.errors import UseError
from scrubjay_replay.outcome import Outcome, Verdict
from scrubjay_replay.units import bytes_in_words, seconds_in_words

SCHEMA = "scrubjay-replay/1"
GOOD = (Verdict.MISS, Verdict.HIT, Verdict.CHECKED, Verdict.JOINED)


Figure = Callable[[Outcome], float]


@dataclass(frozen=True, slots=True)
class Column:
    """One figure: how it is called, counted and explained."""

    name: str
    unit: str  # count, ratio, seconds, bytes, 1/s
    meaning: str
    of: Figure


def _count(*verdicts: Verdict) -> Figure:
    return lambda outcome: int(outcome.is_(*verdicts).sum())


def _bytes(*verdicts: Verdict) -> Figure:
    return lambda outcome: int(outcome.received[: outcome.sent][outcome.is_(*verdicts)].sum())


def _latency(verdict: Verdict, percent: float) -> Figure:
    def of(outcome: Outcome) -> float:
        chosen = outcome.latency[: outcome.sent][outcome.is_(verdict)]
        return float(np.percentile(chosen, percent)) if len(chosen) else math.nan

    return of


def _ratio(part: Figure, whole: Figure) -> Figure:
    def of(outcome: Outcome) -> float:
        return part(outcome) / whole(outcome) if whole(outcome) else math.nan

    return of


def _sent(outcome: Outcome) -> float:
    return outcome.sent


def _stale_hits(outcome: Outcome) -> float:
    return int((outcome.stale[: outcome.sent] & outcome.is_(Verdict.HIT)).sum())


def _saved(outcome: Outcome) -> float:
    return _bytes(*GOOD)(outcome) - outcome.origin_bytes


HITS = _count(Verdict.HIT)

COLUMNS = (
    Column("requests", "count", "sent through the proxy", _sent),
    Column("hits", "count", "answered from the store without waiting for the origin", HITS),
    Column("checked", "count", "answered from the store after a 304", _count(Verdict.CHECKED)),
    Column("joined", "count", "answered from another's fetch", _count(Verdict.JOINED)),
    Column("misses", "count", "answered by the origin", _count(Verdict.MISS)),
    Column("errors", "count", "no answer, or not a 200", _count(Verdict.FAILED)),
    Column("wrong_bodies", "count", "not what the origin has", _count(Verdict.WRONG)),
    Column("object_hit_ratio", "ratio", "hits of requests", _ratio(HITS, _sent)),
    Column(
        "byte_hit_ratio",
        "ratio",
        "bytes of hits of bytes received",
        _ratio(_bytes(Verdict.HIT), _bytes(*GOOD)),
    ),
    Column("bytes_received", "bytes", "in good bodies", _bytes(*GOOD)),
    Column("origin_requests", "count", "that reached the origin", lambda o: o.origin_requests),
    Column("origin_bytes", "bytes", "in bodies the origin sent", lambda o: o.origin_bytes),
    Column("origin_bytes_saved", "bytes", "received less sent by the origin", _saved),
    Column("hit_p50", "seconds", "latency of hits, median", _latency(Verdict.HIT, 50)),
    Column("hit_p95", "seconds", "latency of hits, 95 %", _latency(Verdict.HIT, 95)),
    Column("hit_p99", "seconds", "latency of hits, 99 %", _latency(Verdict.HIT, 99)),
    Column("miss_p50", "seconds", "latency of misses, median", _latency(Verdict.MISS, 50)),
    Column("miss_p95", "seconds", "latency of misses, 95 %", _latency(Verdict.MISS, 95)),
    Column("miss_p99", "seconds", "latency of misses, 99 %", _latency(Verdict.MISS, 99)),
    Column("stale_hits", "count", "older than the origin's version", _stale_hits),
    Column("staleness", "ratio", "stale hits of hits", _ratio(_stale_hits, HITS)),
    Column("late", "count", "sent more than 10 ms after they were due", lambda o: o.late),
    Column("worst_lag", "seconds", "the latest of them", lambda o: o.worst_lag),
    Column("seconds", "seconds", "wall clock of the whole", lambda o: o.seconds),
    Column("requests_per_second", "1/s", "sent in that time", _ratio(_sent, lambda o: o.seconds)),
)

SHOWN: Mapping[str, Callable[[float], str]] = {
    "count": lambda value: f"{value:,.0f}",
    "ratio": lambda value: "-" if math.isnan(value) else f"{value:.4f}",
    "bytes": bytes_in_words,
    "seconds": seconds_in_words,
    "1/s": lambda value: "-" if math.isnan(value) else f"{value:,.0f}",
}


def figures(outcome: Outcome) -> dict[str, float]:
    """Every column's value, recomputed from the raw facts."""
    return {column.name: column.of(outcome) for column in COLUMNS}


def table(outcome: Outcome, title: str) -> Table:
    """The figures for a terminal."""
    shown = Table(title=title, title_justify="left")
    shown.add_column("figure", no_wrap=True)
    shown.add_column("value", justify="right", no_wrap=True)
    shown.add_column("meaning")
    for column in COLUMNS:
        shown.add_row(column.name, SHOWN[column.unit](column.of(outcome)), column.meaning)
    return shown


def document(
    outcome: Outcome, provenance: Mapping[str, object], skipped: Mapping[str, object]
) -> dict[str, object]:
    """The whole result as JSON takes it; what has no value is null."""
    values = figures(outcome).items()
    return {
        "schema": SCHEMA,
        "result": {name: None if math.isnan(value) else value for name, value in values},
        "units": {column.name: column.unit for column in COLUMNS},
        "stopped": outcome.stopped or None,
        "faults": outcome.faults,
        "verdicts_sha256": hashlib.sha256(outcome.verdict[: outcome.sent].tobytes()).hexdigest(),
        "skipped": dict(skipped),
        "provenance": {**provenance, "way": outcome.way},
    }


def writable(path: Path) -> None:
    """Refuse a result file that could not be written, before the work is done."""
    if path.is_dir() or not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise UseError(f"--out {path} cannot be written", hint="Name a file in a folder that is.")


def write(path: Path, result: Mapping[str, object]) -> None:
    """Write whole or not at all."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(result, file, indent=2, allow_nan=False)
            file.write("\n")
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
