"""`scrubjay hold`: how long to keep what states no lifetime, on traces."""

from __future__ import annotations

import math
from importlib.util import find_spec
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from scrubjay_replay import holding, results, units
from scrubjay_replay.commands.simulate import (
    Format,
    Limit,
    MaxBadLines,
    Out,
    ScoreFrom,
    Source,
    Traces,
    bar,
    provenance,
    reading,
)
from scrubjay_replay.errors import UseError
from scrubjay_replay.holding import Lifetimes
from scrubjay_replay.prepared import Assumptions, Prepared
from scrubjay_replay.provenance import commit, version
from scrubjay_replay.results import Value
from scrubjay_replay.score import ratio, score

USUAL = "fixed:1m,fixed:10m,heuristic:10%,learned:1%"
Row = dict[str, Value]

Ways = Annotated[
    str,
    typer.Option(
        help="How lifetimes are chosen: fixed:60s, heuristic:10% of the time since the last "
        "change, learned:1% of stale answers, hindsight:20 contacts for a stale answer."
    ),
]
Most = Annotated[str, typer.Option(help="Longest lifetime, but for a fixed one.")]
Undated = Annotated[bool, typer.Option("--undated", help="The origin sends no Last-Modified.")]


def hold(
    traces: Traces,
    *,
    lifetime: Ways = USUAL,
    most: Most = "1d",
    undated: Undated = False,
    score_from: ScoreFrom = 0.0,
    out: Out = None,
    format: Format = None,
    limit: Limit = None,
    max_bad_lines: MaxBadLines = 0,
) -> None:
    """Simulate how long to keep answers that state no lifetime: stale answers against contacts.

    The trace's writes are changes at the origin. Nothing is evicted, and a row with a lifetime
    keeps it. The proxy does the same with --staleness.
    """
    longest = units.duration(most, "--most")
    chosen = {
        text.strip(): holding.lifetimes(text, most=longest, dated=not undated)
        for text in lifetime.split(",")
    }
    if not find_spec("numba"):
        raise UseError(
            "numba is not installed, which compiles the simulator",
            hint='pip install "scrubjay[lab]".',
        )
    if out:
        results.check_writable(out)
    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    rows: list[Row] = []
    with bar(console) as progress:
        for path in traces:
            source = Source(format, limit, max_bad_lines)
            ready = reading(path, source, Assumptions(ttl=math.nan), progress)
            rows += [row(ready, name, way, score_from) for name, way in chosen.items()]
    if out:
        results.write(out, rows, provenance())
    Console(markup=False, highlight=False).print(table(rows))


def row(prepared: Prepared, name: str, chosen: Lifetimes, score_from: float) -> Row:
    """One way on one trace, as a row of results."""
    simulated = holding.simulate(prepared, chosen)
    rows = len(prepared.trace.key)
    figures = score(
        prepared.trace, simulated.verdict, simulated.flags, start=int(rows * score_from)
    )
    return results.row(
        trace=prepared.name,
        policy=name,
        size_fraction=1.0,
        capacity_bytes=prepared.footprint,
        **figures,
        score_from=score_from,
        ttl=name,
        writes="behind",
        status=results.DONE,
        seconds=simulated.seconds,
        requests_per_second=rows / simulated.seconds if simulated.seconds else None,
        trace_sha256=prepared.sha256,
        engine="numba",
        version=version(),
        commit=commit(),
    )


def table(rows: list[Row]) -> Table:
    """Stale answers and contacts with the origin, as shares of the requests."""
    shown = Table("trace", "lifetime", box=None, pad_edge=False)
    for name in ("stale answers", "origin contacts", "bodies fetched"):
        shown.add_column(name, justify="right")
    for one in rows:
        counts = (one[name] for name in ("stale_hits", "origin_requests", "misses"))
        shares = (f"{ratio(float(n or 0), float(one['requests'] or 0)):.2%}" for n in counts)
        shown.add_row(str(one["trace"]), str(one["policy"]), *shares)
    return shown
