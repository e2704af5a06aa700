"""`scrubjay report`: results as a page to read, or as one image."""

from __future__ import annotations

import csv
import difflib
import os
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from scrubjay_replay import results
from scrubjay_replay.contests import OBJECTIVES, is_done, number
from scrubjay_replay.errors import UseError
from scrubjay_replay.results import COLUMNS, Row, Value
from scrubjay_replay.standings import MEASURES

WRITTEN = "It must be a file that scrubjay simulate --out wrote."
KINDS = (".html", ".png", ".svg")


def report(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="RESULTS...", help="What simulate --out wrote: CSV, JSON, Parquet."),
    ],
    *,
    out: Annotated[Path, typer.Option(help="A page (.html), or the curves (.png, .svg).")],
    trace: Annotated[str, typer.Option(help="Only these traces, with commas between.")] = "",
    policy: Annotated[str, typer.Option(help="Only these policies, with commas between.")] = "",
    objective: Annotated[
        str, typer.Option(help="Only rows that aim at object, byte or cost.")
    ] = "",
) -> None:
    """Show results as one HTML page that needs nothing else, or their curves as an image."""
    check_writable(out)
    rows: list[Row] = [row for path in files for row in read(path)]
    rows = only(rows, "trace", trace, "--trace")
    rows = only(rows, "policy", policy, "--policy")
    check_objectives(objective)
    rows = only(rows, "objective", objective, "--objective")
    check_figures(rows, files)
    write(rows, out)
    typer.echo(f"{out}: {len(rows)} rows")


def check_writable(out: Path) -> None:
    """Refuse before the work what could not be written after it."""
    if out.suffix not in KINDS:
        raise UseError(f"--out {out}: unknown kind", hint=f"End it in {', '.join(KINDS)}.")
    folder = out.parent
    if out.is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK):
        raise UseError(f"--out {out} cannot be written", hint="Name a file in a folder that is.")
    if find_spec("matplotlib") is None:
        raise UseError("a report needs matplotlib", hint='pip install "scrubjay[lab]"')


def read(path: Path) -> list[dict[str, Value]]:
    """Rows whose figures are numbers."""
    if path.suffix == ".parquet" and find_spec("pyarrow") is None:
        raise UseError(f"{path}: Parquet needs pyarrow", hint='pip install "scrubjay[lab]"')
    try:
        rows = results.read(path)
    except (AttributeError, TypeError, csv.Error) as error:
        raise UseError(f"{path}: not in the form of results", hint=WRITTEN) from error
    if not rows:
        raise UseError(f"{path}: no rows in it", hint="Did the simulation end? Run it again.")
    for place, row in enumerate(rows, start=1):
        for column in COLUMNS:
            value = row[column.name]
            if column.unit != "text" and isinstance(value, str | bool):
                raise UseError(
                    f"{path}: row {place}: {column.name} is {value!r}, not a number",
                    hint=WRITTEN,
                )
    return rows


def only(rows: Sequence[Row], column: str, wanted: str, option: str) -> list[Row]:
    """Rows that have one of these values, or say nothing; a name that none has is an error."""
    names = [name.strip() for name in wanted.split(",") if name.strip()]
    there = list(dict.fromkeys(str(row[column]) for row in rows if row[column] is not None))
    for name in names:
        if name not in there:
            near = difflib.get_close_matches(name, there, n=1)
            meant = f"Did you mean {near[0]}? " if near else ""
            raise UseError(
                f"{option} {name}: no such row", hint=f"{meant}There are {', '.join(there)}."
            )
    return [row for row in rows if not names or row[column] in {*names, None}]


def check_objectives(wanted: str) -> None:
    for name in filter(None, (part.strip() for part in wanted.split(","))):
        if name not in OBJECTIVES:
            raise UseError(
                f"--objective is {name!r}", hint=f"It is one of {', '.join(OBJECTIVES)}."
            )


def check_figures(rows: Sequence[Row], files: Sequence[Path]) -> None:
    """Refuse rows of which none has a figure to show."""
    if any(number(row, measure.column) is not None for row in rows for measure in MEASURES):
        return
    why = list(dict.fromkeys(str(row["status"]) for row in rows if not is_done(row)))
    names = ", ".join(str(path) for path in files)
    told = f" Their status: {'; '.join(why[:3])}." if why else ""
    raise UseError(
        f"{names}: none of {len(rows)} rows has a figure" if rows else f"{names}: no row is left",
        hint=f"Run the simulation again.{told}" if rows else "Ask for less with the filters.",
    )


def write(rows: Sequence[Row], out: Path) -> None:
    from scrubjay_replay import charts, page

    report = page.prepare(rows)
    if out.suffix == ".html":
        with results.replacing(out) as draft:
            draft.write_text(page.page(report), encoding="utf-8")
    else:
        charts.image(out, report.grid(), report.look)
