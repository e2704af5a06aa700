"""What a model is worth on traces, in the figures of the simulator."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from rich.table import Table

from scrubjay_replay.prepared import Prepared
from scrubjay_replay.results import Value
from scrubjay_replay.units import bytes_in_words, seconds_in_words

Row = Mapping[str, Value]

POLICIES = ("drl", "gdsf", "lru")


@dataclass(frozen=True, slots=True)
class Figure:
    """A column of the table: how it is taken from a row, and how it is written."""

    title: str
    of: Callable[[Row], float]
    shown: Callable[[float], str]


def _column(name: str) -> Callable[[Row], float]:
    def of(row: Row) -> float:
        value = row[name]
        return float(value) if isinstance(value, int | float) else math.nan

    return of


def _saved(row: Row) -> float:
    """Share of the requested bytes that the origin did not send."""
    asked = _column("bytes_requested")(row)
    return 1 - _column("origin_bytes")(row) / asked if asked else math.nan


def _percent(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.2%}"


def _count(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:,.0f}"


def _bytes(value: float) -> str:
    return "-" if math.isnan(value) else bytes_in_words(value)


FIGURES = (
    Figure("requests", _column("requests"), _count),
    Figure("hits", _column("hits"), _count),
    Figure("hit ratio", _column("object_hit_ratio"), _percent),
    Figure("mean", _column("latency_mean"), seconds_in_words),
    Figure("p95", _column("latency_p95"), seconds_in_words),
    Figure("stale", _column("staleness"), _percent),
    Figure("from cache", _column("bytes_hit"), _bytes),
    Figure("from origin", _column("origin_bytes"), _bytes),
    Figure("saved", _saved, _percent),
)


def table(rows: Sequence[Row]) -> Table:
    """One row for each trace, size and policy."""
    shown = Table(
        caption="mean, p95: latency; stale: of hits; saved: of the bytes requested",
        caption_justify="left",
    )
    for name in ("trace", "size", "policy"):
        shown.add_column(name, no_wrap=name != "trace")
    for figure in FIGURES:
        shown.add_column(figure.title, justify="right", no_wrap=True)
    before = None
    for row in rows:
        cell = (str(row["trace"]), f"{_column('size_fraction')(row) * 100:.3g}%")
        if before not in {None, cell}:
            shown.add_section()
        named = cell if before != cell else ("", "")
        figures = [figure.shown(figure.of(row)) for figure in FIGURES]
        shown.add_row(*named, str(row["policy"]), *figures)
        before = cell
    return shown


def trained_on(metadata: Mapping[str, str]) -> dict[str, tuple[str, float]]:
    """Traces the model was trained on by SHA-256: name, and the row that training ended before."""
    try:
        told = json.loads(metadata.get("trained_on", "[]"))
        return {one["sha256"]: (one["name"], float(one.get("to_row", math.inf))) for one in told}
    except (ValueError, TypeError, KeyError, AttributeError):
        return {}  # a model of another maker, who says it otherwise


def warnings(
    traces: Iterable[Prepared], metadata: Mapping[str, str], score_from: float
) -> list[str]:
    """Traces that are scored on rows that the model saw in training."""
    known = trained_on(metadata)
    found = []
    for trace in traces:
        start = int(len(trace.trace.key) * score_from)
        _, end = known.get(trace.sha256, ("", 0))
        if end > start:
            upto = f"up to row {end:,.0f}" if math.isfinite(end) else "on all of it"
            found.append(f"{trace.name}: scored from row {start:,}; the model was trained {upto}")
    return found


def provenance(
    rows: Sequence[Row], metadata: Mapping[str, str], ours: Mapping[str, str]
) -> list[str]:
    """What the table needs beside it to be made again, in lines."""
    first = rows[0]
    learned_from = ", ".join(name for name, _ in trained_on(metadata).values())
    model = next(row for row in rows if row["model"])
    traces = dict.fromkeys((str(row["trace"]), str(row["trace_sha256"])) for row in rows)
    source = f", commit {ours['commit']}" if ours["commit"] else ""
    by = f"learner {metadata.get('learner', '?')}, trained on {learned_from or 'unknown traces'}"
    how = f"objective {first['objective']}, {first['sample']} candidates"
    return [
        f"model {model['model']}: sha256 {model['model_sha256']}, {by}",
        *(f"trace {name}: sha256 {sha256}" for name, sha256 in traces),
        f"scored from {_column('score_from')(first):.0%} on, {how}",
        f"scrubjay {ours['version']}{source}: {ours['command']}",
    ]
