"""`scrubjay trace synth`: a synthetic workload as a trace file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from scrubjay_replay import synthetic, units
from scrubjay_replay.errors import UseError
from scrubjay_replay.synthetic.models import MIX, MODELS, options
from scrubjay_replay.synthetic.parameters import GENERAL
from scrubjay_replay.synthetic.workload import OVERLAYS, Settled
from scrubjay_replay.trace import BLOCK_ROWS, Trace, cut
from scrubjay_replay.writers import check_place, write_csv, write_oracle_general

SUFFIXES = (".csv", ".csv.gz", ".csv.zst")
OWN = {p.name: p for model in MODELS for p in model.parameters}
Given = str | None


def option(name: str) -> Any:
    """The option of one parameter, its help from the generators' tables."""
    if name in OWN:
        users = [model.name for model in MODELS if any(p.name == name for p in model.parameters)]
        who = f" ({', '.join(users)})" if len(users) < len(MODELS) else ""
        return _option(OWN[name].meaning + who, "Of the generator; --list has the defaults")
    if name in OVERLAYS:
        default, meaning = OVERLAYS[name]
    else:
        default, meaning = next((str(p.default), p.meaning) for p in GENERAL if p.name == name)
    return _option(f"{meaning} (default {default})", "Of every generator")


def _option(text: str, panel: str) -> Any:
    help = f"{text[0].upper()}{text[1:]}."
    return typer.Option(help=help, rich_help_panel=panel, show_default=False)


def synth(
    ctx: typer.Context,
    model: Annotated[Given, typer.Argument(help="A generator, or mix.")] = None,
    parts: Annotated[Given, typer.Argument(help="Of a mix, like zipf:0.7,scan:0.3.")] = None,
    *,
    out: Annotated[
        Path | None,
        typer.Option(help="To a .csv, .csv.gz, .csv.zst or .oracleGeneral (default NAME.csv.gz)."),
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="Say what generators there are.")] = False,
    requests: Annotated[Given, option("requests")] = None,
    seed: Annotated[Given, option("seed")] = None,
    rate: Annotated[Given, option("rate")] = None,
    swing: Annotated[Given, option("swing")] = None,
    day: Annotated[Given, option("day")] = None,
    sizes: Annotated[Given, option("sizes")] = None,
    ttl: Annotated[Given, option("ttl")] = None,
    cost: Annotated[Given, option("cost")] = None,
    writes: Annotated[Given, option("writes")] = None,
    write_rate: Annotated[Given, option("write_rate")] = None,
    objects: Annotated[Given, option("objects")] = None,
    alpha: Annotated[Given, option("alpha")] = None,
    every: Annotated[Given, option("every")] = None,
    churn: Annotated[Given, option("churn")] = None,
    lifespan: Annotated[Given, option("lifespan")] = None,
    crowds: Annotated[Given, option("crowds")] = None,
    hot: Annotated[Given, option("hot")] = None,
    lasts: Annotated[Given, option("lasts")] = None,
    shift: Annotated[Given, option("shift")] = None,
    share: Annotated[Given, option("share")] = None,
    length: Annotated[Given, option("length")] = None,
) -> None:
    """Generate a trace: a popularity model, and what is laid over it.

    Numbers may be written like 10k or 1M. The file says how to make it again.

    Example: scrubjay trace synth zipf --requests 1M --alpha 0.9 --sizes web --out t.csv.gz
    """
    if listed:
        Console(markup=False).print(table())
        return
    if model is None:
        raise UseError("which generator?", hint="Name one of those that --list shows.")
    plan = synthetic.settled(understood(model, parts or "", ctx.params))
    path = out or Path(f"{model}.csv.gz")
    check(path)
    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    with console.status(f"writing {path}"):
        trace = made(plan)
        write(path, plan, trace)
    for line in told(path, plan, trace):
        console.print(line)


def understood(model: str, parts: str, given: Mapping[str, Any]) -> synthetic.Workload:
    """The workload that the options describe; what was not given is left to the generator."""
    wanted = {name: value for name, value in given.items() if value is not None}
    general = {p.name for p in GENERAL} | OVERLAYS.keys()
    return synthetic.Workload(
        model,
        parts,
        **{name: value for name, value in wanted.items() if name in general},
        params={name: value for name, value in wanted.items() if name in OWN},
    )


def check(path: Path) -> None:
    """Refuse a file that could not be written, before the work is done."""
    if not (is_oracle(path) or path.name.endswith(SUFFIXES)):
        raise UseError(
            f"--out {path}: unknown kind",
            hint=f"End it in {', '.join(SUFFIXES)} or .oracleGeneral.",
        )
    check_place(path)


def is_oracle(path: Path) -> bool:
    return ".oraclegeneral" in path.name.lower()


def made(plan: Settled) -> Trace:
    """The trace; too large a one for this machine is the user's mistake."""
    try:
        return synthetic.generate(plan)
    except MemoryError as error:
        raise UseError(
            f"no memory for {plan.numbers['requests']:,} requests", hint="Lower --requests."
        ) from error


def write(path: Path, plan: Settled, trace: Trace) -> None:
    """The whole file or none."""
    if is_oracle(path):
        write_oracle_general(path, trace)
    else:
        write_csv(path, blocks(trace), plan.columns, comments=synthetic.comments(plan))


def blocks(trace: Trace) -> Iterator[Trace]:
    for start in range(0, len(trace.key), BLOCK_ROWS):
        yield cut(trace, start, start + BLOCK_ROWS)


def told(path: Path, plan: Settled, trace: Trace) -> Iterator[str]:
    """What was made, and what the file could not take."""
    changes = int(trace.write.sum())
    yield (
        f"{path}: {len(trace.key) - changes:,} requests for {int(trace.key.max()) + 1:,} objects, "
        f"{units.bytes_in_words(int(trace.size[~trace.write].sum()))}, {changes:,} changes, "
        f"{units.seconds_in_words(float(trace.at[-1]))}"
    )
    lost = sorted(plan.columns - {"at", "key", "size"})
    if is_oracle(path):
        yield f"oracleGeneral has whole seconds{''.join(f', no {name}' for name in lost)}"


def table() -> Table:
    """The generators, their meaning and their parameters."""
    shown = Table(title="Generators", title_justify="left")
    for heading in ("name", "meaning", "parameters and defaults"):
        shown.add_column(heading)
    for model in MODELS:
        own = [f"{options([p.name])} {p.default}" for p in model.parameters]
        own += [f"{options([name])} {value}" for name, value in model.defaults.items()]
        shown.add_row(model.name, model.meaning, ", ".join(own))
    shown.add_row(MIX, "several of them, by weight", "zipf:0.7,scan:0.3:length=500")
    return shown
