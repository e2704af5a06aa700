"""`scrubjay evaluate`: a model beside classics, on traces."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from scrubjay_policies import model as models
from scrubjay_replay import experiment, results
from scrubjay_replay.commands.simulate import (
    Batch,
    Format,
    HitLatency,
    Jobs,
    Lifetime,
    Limit,
    MaxBadLines,
    Objective,
    OriginLatency,
    Out,
    Sample,
    Seeds,
    Source,
    Where,
    Writes,
    assumptions,
    bar,
    carry_out,
    processors,
    provenance,
    reading,
    usable,
)
from scrubjay_replay.experiment import Settings
from scrubjay_trainer import evaluate as figures

TIME_LIMIT = 3600.0  # seconds, of baselines, of which there are none here

ModelFile = Annotated[Path, typer.Argument(help="A model that scrubjay train wrote.")]
Traces = Annotated[list[Path], typer.Argument(help="Traces, plain, gzip or zstd.")]
Sizes = Annotated[str, typer.Option(help="Capacities: shares of the footprint, or bytes (10MiB).")]
ScoreFrom = Annotated[
    float, typer.Option(min=0, max=0.99, help="Count from this share of the trace on.")
]


def evaluate(
    model: ModelFile,
    traces: Traces,
    *,
    size: Sizes = "1%,5%,10%",
    objective: Objective = "object",
    score_from: ScoreFrom = 0.5,
    out: Out = None,
    seed: Seeds = "0",
    sample: Sample = 80,
    batch: Batch = 1,
    jobs: Jobs = 0,
    ttl: Lifetime = "none",
    origin_latency: OriginLatency = None,
    hit_latency: HitLatency = "0s",
    writes: Writes = "behind",
    format: Format = None,
    limit: Limit = None,
    max_bad_lines: MaxBadLines = 0,
) -> None:
    """Simulate a model beside gdsf and lru, by default on the half that training leaves unseen.

    All three draw as many candidates for an eviction.
    """
    loaded = models.load(model)
    assumed = assumptions(ttl, origin_latency, hit_latency, writes)
    settings = Settings(
        objective=objective,
        sample=sample,
        batch=batch,
        score_from=score_from,
        engine=usable(None, figures.POLICIES),
        time_limit=TIME_LIMIT,
        assumed=assumed,
        model=model,
    )
    sizes, seeds = experiment.sizes(size), experiment.seeds(seed)
    if out:
        results.check_writable(out)
    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    source = Source(format, limit, max_bad_lines)
    with bar(console) as progress:
        ready = [reading(path, source, assumed, progress) for path in traces]
        wanted = experiment.jobs(ready, figures.POLICIES, sizes, seeds, settings)
        rows = carry_out(wanted, out, Where(jobs or processors(), None), progress)
    for warning in figures.warnings(ready, loaded.metadata, score_from):
        console.print(f"note: {warning}")
    shown = Console(markup=False, highlight=False, soft_wrap=True)
    Console(markup=False, highlight=False).print(figures.table(rows))
    for line in figures.provenance(rows, loaded.metadata, provenance()):
        shown.print(line)
