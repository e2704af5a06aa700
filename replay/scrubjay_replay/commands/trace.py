"""`scrubjay trace`: what a trace is like, in another format, and its first rows."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from scrubjay_replay import describe as facts
from scrubjay_replay import writers
from scrubjay_replay.commands.synth import synth
from scrubjay_replay.errors import TraceError, UseError
from scrubjay_replay.provenance import digest
from scrubjay_replay.readers import READERS, FileReader, open_trace
from scrubjay_replay.trace import BLOCK_ROWS, BadLines, Trace, cut, load

trace = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Describe, convert, show and make traces.",
)

Source = Annotated[Path, typer.Argument(help="A trace, plain, gzip or zstd.", show_default=False)]
Format = Annotated[
    str | None, typer.Option("--format", help=f"What it is: {', '.join(READERS)}; else by content.")
]
MaxBadLines = Annotated[int, typer.Option(min=0, help="Malformed lines to skip.")]


@trace.command(epilog="Example: scrubjay trace describe access.log.gz other.csv")
def describe(
    traces: Annotated[list[Path], typer.Argument(help="Traces, plain, gzip or zstd.")],
    *,
    format: Format = None,
    max_bad_lines: MaxBadLines = 0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array.")] = False,
) -> None:
    """Count what is in traces: requests, objects, sizes, times, and the best a cache can do."""
    documents = []
    for path in traces:
        with reading(path, format, max_bad_lines) as (reader, bad):
            counted = facts.tally(some(reader))
        documents.append(document(reader, bad, facts.figures(counted, reader.columns)))
        if not as_json:
            Console(markup=False, highlight=False).print(table(documents[-1]))
    if as_json:
        typer.echo(json.dumps(documents, indent=1, allow_nan=False))


@trace.command(epilog="Example: scrubjay trace convert access.log.gz access.oracleGeneral.zst")
def convert(
    trace: Source,
    out: Annotated[Path, typer.Argument(help="The file to write; .gz and .zst are packed.")],
    *,
    format: Format = None,
    to: Annotated[
        str | None, typer.Option(help="csv or oracleGeneral; else as the name says.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first N rows.")] = None,
    max_bad_lines: MaxBadLines = 0,
) -> None:
    """Write a trace as CSV or oracleGeneral, keys as numbers; says what the format cannot keep."""
    kind = wanted_kind(out, to)
    writers.check_place(out)
    if out.exists() and trace.exists() and out.samefile(trace):
        raise UseError(f"{out} is the trace itself", hint="Name another file to write.")
    with reading(trace, format, max_bad_lines) as (reader, _), told(out):
        if kind == "csv":
            blocks = some(reader, limit)
            begun = next(blocks)  # a log's columns are known for certain from here on
            rows = writers.write_csv(out, chain([begun], blocks), reader.columns, reader.comments)
            lost = ""
        else:
            whole = load(reader, limit=limit)
            if whole.write.all():
                raise nothing(reader)
            rows = writers.write_oracle_general(out, whole)
            lost = not_kept(whole, reader.columns)
    typer.echo(f"{out}: {rows:,} rows" + (f"; not kept: {lost}" if lost else ""))


@trace.command(epilog="Example: scrubjay trace head -n 5 access.log.gz")
def head(
    trace: Source,
    *,
    rows: Annotated[int, typer.Option("--rows", "-n", min=1, help="How many.")] = 10,
    format: Format = None,
    max_bad_lines: MaxBadLines = 0,
) -> None:
    """Print the first rows as CSV: the columns the trace knows, keys as numbers."""
    with reading(trace, format, max_bad_lines) as (reader, _):
        blocks = [*some(reader, rows)]
    typer.echo(writers.header(reader.columns), nl=False)
    for block in blocks:
        for text in writers.lines(block, reader.columns):
            typer.echo(text, nl=False)


trace.command(epilog="Example: scrubjay trace synth zipf --requests 1M --out zipf.csv.gz")(synth)


@contextmanager
def reading(
    path: Path, format: str | None, max_bad_lines: int
) -> Iterator[tuple[FileReader, BadLines]]:
    """A reader, and a bar on standard error that follows it through the file."""
    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    bad = BadLines(max_bad_lines, lambda line: console.print(f"skipped {line}"))
    reader = open_trace(path, bad, format)
    parts = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(
        *parts, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        task = progress.add_task(f"reading {path.name}", total=reader.source.length)
        reader.source.watch = lambda done: progress.update(task, completed=done)
        yield reader, bad


@contextmanager
def told(out: Path) -> Iterator[None]:
    """A file that cannot be written to its end is a mistake of the user's, like a full disk."""
    try:
        yield
    except OSError as error:
        raise UseError(
            f"{out} cannot be written: {error.strerror or error}", hint="Is the disk full?"
        ) from error


def some(reader: FileReader, limit: int | None = None) -> Iterator[Trace]:
    """All blocks, or those of the first `limit` rows; TraceError if there is none."""
    left = sys.maxsize if limit is None else limit
    blocks = reader.blocks(min(left, BLOCK_ROWS))
    begun = next(blocks, None)
    if begun is None:
        raise nothing(reader)
    for block in chain([begun], blocks):
        yield cut(block, 0, left)
        left -= len(block.key)
        if left <= 0:
            return


def nothing(reader: FileReader) -> TraceError:
    """The error to raise for a trace without requests."""
    skipped = ", ".join(f"{count:,} {why}" for why, count in reader.left_out.items())
    return TraceError(
        f"{reader.source.name}: no request in it",
        hint=f"Left out: {skipped}." if skipped else "There is nothing below its head.",
    )


def wanted_kind(out: Path, to: str | None) -> str:
    """The format to write: what --to says, or else the file's name."""
    kinds = ("csv", "oracleGeneral")
    name = out.name.removesuffix(".gz").removesuffix(".zst").removesuffix(".bin").lower()
    kind = to or next((kind for kind in kinds if name.endswith(f".{kind.lower()}")), None)
    if kind not in kinds:
        raise UseError(
            f"--to {to}: no format to write" if to else f"{out}: which format?",
            hint="End the name in .csv or .oracleGeneral, with .gz or .zst after it if wanted; "
            "or say --to csv or --to oracleGeneral.",
        )
    return kind


def not_kept(whole: Trace, columns: Collection[str]) -> str:
    """What oracleGeneral has no place for, of what is in the trace."""
    writes = int(whole.write.sum())
    lost = [name for name in ("ttl", "cost") if name in columns]
    if (whole.at % 1).any():
        lost.insert(0, "fractions of seconds")
    return ", ".join(lost + ([f"{writes:,} writes"] if writes else []))


def document(reader: FileReader, bad: BadLines, counted: Mapping[str, float]) -> dict[str, Any]:
    """All that is known of a trace, as JSON takes it; what has no value is null."""
    return {
        "schema": facts.SCHEMA,
        "trace": reader.source.name,
        "format": reader.format,
        "columns": [name for name in Trace._fields if name in reader.columns],
        "comments": list(reader.comments),
        "figures": {name: None if math.isnan(v) else v for name, v in counted.items()},
        "units": {name: figure.unit for name, figure in facts.FIGURES.items()},
        "left_out": dict(reader.left_out),
        "malformed": bad.count,
        "sha256": digest(reader.source.path),
    }


def table(told: Mapping[str, Any]) -> Table:
    """The same for a terminal; figures without a value are not shown."""
    below = [*(f"# {comment}" for comment in told["comments"]), f"sha256 {told['sha256']}"]
    shown = Table(
        title=told["trace"],
        title_justify="left",
        caption="\n".join(below),
        caption_justify="left",
    )
    shown.add_column("figure", no_wrap=True)
    shown.add_column("value", justify="right")
    shown.add_column("meaning")
    shown.add_row("format", told["format"], "")
    shown.add_row("columns", ", ".join(told["columns"]), "what the trace really knows")
    for name, value in told["figures"].items():
        if value is not None:
            shown.add_row(name, facts.shown(name, value), facts.FIGURES[name].meaning)
    for why, count in {**told["left_out"], "malformed": told["malformed"]}.items():
        if count:
            shown.add_row(f"left out: {why}", f"{count:,}", "lines")
    return shown
