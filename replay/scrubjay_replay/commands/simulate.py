"""`scrubjay simulate`: policies against each other and against the optimum, on traces."""

from __future__ import annotations

import math
import os
import shlex
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from scrubjay_policies import Policy
from scrubjay_replay import experiment, results, sweep, units
from scrubjay_replay.cells import is_own, own
from scrubjay_replay.errors import TraceError, UseError
from scrubjay_replay.experiment import Settings
from scrubjay_replay.journal import Journal, identity
from scrubjay_replay.prepared import Assumptions, Prepared, prepare
from scrubjay_replay.provenance import commit, digest, version
from scrubjay_replay.readers import READERS, open_trace
from scrubjay_replay.sweep import Job, Row
from scrubjay_replay.trace import BadLines, load

Engine = Literal["numba", "python"]

Traces = Annotated[list[Path], typer.Argument(help="Traces, plain, gzip or zstd.")]
Policies = Annotated[
    str, typer.Option(help="Names and patterns: lru,gdsf,lcs:*,belady,bound, module:NAME.")
]
Sizes = Annotated[str, typer.Option(help="Capacities: shares of the footprint, or bytes (10MiB).")]
Objective = Annotated[
    Literal["object", "byte", "cost"], typer.Option(help="What the policies should win.")
]
ScoreFrom = Annotated[
    float, typer.Option(min=0, max=0.99, help="Count from this share of the trace on.")
]
Seeds = Annotated[str, typer.Option(help="Of every draw; several: 0,1,2.")]
Jobs = Annotated[int, typer.Option(min=0, help="Processes at once; 0: one for each core.")]
Cluster = Annotated[
    str | None, typer.Option(help="A Ray cluster to run on: ray://HOST:PORT, or ray://local.")
]
Out = Annotated[Path | None, typer.Option(help="Write the rows as .csv, .json or .parquet.")]
Sample = Annotated[int, typer.Option(min=1, max=4096, help="Candidates for an eviction.")]
Batch = Annotated[int, typer.Option(min=1, max=4096, help="Most of them evicted at once.")]
Lifetime = Annotated[
    str, typer.Option(help="Lifetime where the trace has none (10m); ignored: no lifetimes.")
]
OriginLatency = Annotated[
    str | None, typer.Option(help="What the origin takes where the trace has no cost (50ms).")
]
HitLatency = Annotated[str, typer.Option(help="What a hit takes.")]
Writes = Annotated[
    Literal["behind", "through", "ignored"],
    typer.Option(help="Changes: behind the cache's back, or through it, which then forgets."),
]
Format = Annotated[
    str | None, typer.Option(help=f"What it is: {', '.join(READERS)}; else by content.")
]
Limit = Annotated[int | None, typer.Option(min=1, help="Only the first N rows.")]
MaxBadLines = Annotated[int, typer.Option(min=0, help="Malformed lines to skip.")]
TimeLimit = Annotated[str, typer.Option(help="For one run of a baseline or of the optimum.")]
ModelFile = Annotated[
    Path | None, typer.Option(help="Weights for drl, a .safetensors file; else the shipped ones.")
]
OwnEngine = Annotated[
    Engine | None, typer.Option(help="Compiled, or the proxy's own, which is slow.")
]


def simulate(
    traces: Traces,
    *,
    policy: Policies = experiment.USUAL,
    size: Sizes = "1%,5%,10%",
    objective: Objective = "object",
    score_from: ScoreFrom = 0.0,
    seed: Seeds = "0",
    jobs: Jobs = 0,
    on: Cluster = None,
    out: Out = None,
    sample: Sample = 80,
    batch: Batch = 1,
    model: ModelFile = None,
    ttl: Lifetime = "none",
    origin_latency: OriginLatency = None,
    hit_latency: HitLatency = "0s",
    writes: Writes = "behind",
    format: Format = None,
    limit: Limit = None,
    max_bad_lines: MaxBadLines = 0,
    time_limit: TimeLimit = "120s",
    engine: OwnEngine = None,
) -> None:
    """Simulate policies on traces: hit ratios, origin traffic, latency, staleness.

    The policies are the proxy's own, compiled. lcs:NAME are libcachesim's, to compare with.
    belady, belady-size and bound know the future.
    """
    if batch > sample:
        raise UseError(f"--batch {batch} is more than --sample {sample}", hint="Evict fewer.")
    names = experiment.policies(policy)
    shares, numbers = experiment.sizes(size), experiment.seeds(seed)
    assumed = assumptions(ttl, origin_latency, hit_latency, writes)
    limit_seconds = units.duration(time_limit, "--time-limit")
    settings = Settings(
        objective, sample, batch, score_from, usable(engine, names), limit_seconds, assumed, model
    )
    if out:
        results.check_writable(out)
    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    source = Source(format, limit, max_bad_lines)
    with bar(console) as progress:
        ready = [reading(path, source, assumed, progress) for path in traces]
        wanted = experiment.jobs(ready, names, shares, numbers, settings)
        rows = carry_out(wanted, out, Where(jobs or processors(), on), progress)
    show(rows)


@dataclass(frozen=True, slots=True)
class Source:
    """How traces are to be read."""

    format: str | None
    limit: int | None
    max_bad_lines: int


@dataclass(frozen=True, slots=True)
class Where:
    """On how many processes here, or on which cluster."""

    workers: int
    cluster: str | None


def processors() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not everywhere, and blind to containers elsewhere
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def assumptions(ttl: str, origin_latency: str | None, hit_latency: str, writes: str) -> Assumptions:
    """The options that fill a trace's gaps."""
    known = ttl not in {"none", "ignored"}
    return Assumptions(
        ttl=units.duration(ttl, "--ttl") if known else math.inf,
        lifetimes=ttl != "ignored",
        origin_latency=units.duration(origin_latency, "--origin-latency")
        if origin_latency
        else math.nan,
        hit_latency=units.duration(hit_latency, "--hit-latency"),
        writes=writes,
    )


def usable(engine: Engine | None, names: Sequence[str]) -> str:
    """The engine to use for our own policies."""
    if engine == "python" or not any(map(is_own, names)) or find_spec("numba"):
        return engine or "numba"
    raise UseError(
        "numba is not installed, which compiles the simulator",
        hint='pip install "scrubjay[lab]", or simulate slowly with --engine python.',
    )


def reading(path: Path, source: Source, assumed: Assumptions, progress: Progress) -> Prepared:
    """A trace from its file, made ready."""
    bad = BadLines(source.max_bad_lines, lambda line: progress.console.print(f"skipped {line}"))
    reader = open_trace(path, bad, source.format)
    task = progress.add_task(f"reading {path.name}", total=reader.source.length)
    reader.source.watch = lambda done: progress.update(task, completed=done)
    trace = load(reader, limit=source.limit)
    progress.remove_task(task)
    if trace.write.all():
        raise TraceError(f"{path.name}: no request in it", hint="See scrubjay trace describe.")
    return prepare(trace, reader.columns, assumed, name=path.name, sha256=digest(path))


def carry_out(jobs: list[Job], out: Path | None, where: Where, progress: Progress) -> list[Row]:
    """Run the jobs, or those that an unfinished run left over; their rows in order."""
    wanted = {identity(job): job for job in jobs}  # a cell that is asked for twice is one
    with ExitStack() as stack:
        journal = stack.enter_context(Journal(out)) if out else None
        rows: dict[str, Row] = dict(journal.rows) if journal else {}
        left = [job for key, job in wanted.items() if key not in rows]
        if journal:
            stack.enter_context(telling(journal, wanted.keys(), progress.console))
        if len(left) < len(wanted):
            done = f"{len(wanted) - len(left):,} of {len(wanted):,}"
            progress.console.print(f"going on: {done} rows were there from before")
        for job, row in running(left, where, progress):
            key = identity(job)
            rows[key] = row
            if journal:
                journal.add(key, row)
        found = [rows[key] for key in wanted]
        if out:
            results.write(out, found, provenance())
    return found


@contextmanager
def telling(journal: Journal, wanted: Collection[str], console: Console) -> Iterator[None]:
    """Say at an interruption what is kept of the work."""
    try:
        yield
    except BaseException:
        if there := sum(key in journal.rows for key in wanted):
            kept = f"{there:,} of {len(wanted):,} rows are kept in {journal.path}"
            console.print(f"stopped; {kept}: the same command goes on from there")
        raise


def running(jobs: Sequence[Job], where: Where, progress: Progress) -> Iterator[tuple[Job, Row]]:
    """Jobs with their rows as they end, under a bar with the remaining time."""
    if not jobs:
        return
    compiled = [job.cell for job in jobs if is_own(job.cell.policy) and job.cell.engine == "numba"]
    if compiled:
        compile_first(progress, [own(cell.policy, cell.objective) for cell in compiled])
    total = sum(job.work for job in jobs)
    task = progress.add_task(f"simulating {len(jobs):,} cells", total=total)

    def advance(rows: int) -> None:
        progress.advance(task, rows)

    if where.cluster is None:
        yield from sweep.rows(jobs, workers=where.workers, progress=advance)
    else:
        from scrubjay_replay import sweep_ray

        yield from sweep_ray.rows(
            jobs, address=where.cluster, progress=advance, workers=where.workers
        )


def compile_first(progress: Progress, policies: Iterable[Policy]) -> None:
    """Have the compiled loops on the disk before workers ask for them all at once."""
    from scrubjay_replay import compiling

    told = "compiling the simulator, once on a machine; a minute at most"
    task = progress.add_task(told, total=None)
    for policy in policies:
        compiling.loop_of(policy)
    progress.remove_task(task)


def bar(console: Console) -> Progress:
    """A progress bar, silent where there is no terminal."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def provenance() -> dict[str, str]:
    """What the rows do not say."""
    command = shlex.join(["scrubjay", *sys.argv[1:]])
    return {"command": command, "version": version(), "commit": commit()}


def show(rows: list[Row]) -> None:
    """The standings on standard output."""
    from scrubjay_replay.standings import table

    Console(markup=False, highlight=False).print(table(rows))
