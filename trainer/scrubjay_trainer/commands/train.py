"""`scrubjay train`: a model from traces."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from scrubjay_policies import model
from scrubjay_replay import experiment
from scrubjay_replay.commands.simulate import (
    Format,
    MaxBadLines,
    Source,
    bar,
    compile_first,
    reading,
    usable,
)
from scrubjay_replay.errors import UseError
from scrubjay_replay.prepared import Assumptions
from scrubjay_replay.provenance import digest
from scrubjay_replay.writers import check_place
from scrubjay_trainer import curves
from scrubjay_trainer.episodes import WATCHING
from scrubjay_trainer.gather import Gathered, Seen, gather, together
from scrubjay_trainer.metadata import metadata
from scrubjay_trainer.settings import Settings

if TYPE_CHECKING:
    from scrubjay_trainer.train import Fitted

USUAL = Settings()

Traces = Annotated[list[Path], typer.Argument(help="Traces, plain, gzip or zstd.")]
Beside = Annotated[
    list[Path] | None,
    typer.Option(help="A trace that counts a third, like a synthetic one; may be given again."),
]
Out = Annotated[Path, typer.Option(help="The model to write, a .safetensors file.")]
LearnerName = Annotated[
    Literal["dqn", "hindsight", "ltr"],
    typer.Option(help="The DQN; its labels alone; the regressed wait, as LRB has it."),
]
Seed = Annotated[int, typer.Option(min=0, help="Of every draw; the same gives the same file.")]
Epochs = Annotated[int, typer.Option(min=1, help="Most passes over what was logged.")]
Sizes = Annotated[str, typer.Option(help="Caches to log in: shares of the footprint.")]
Limit = Annotated[int | None, typer.Option(min=1, help="Only the first N rows of a trace.")]
FromShare = Annotated[float, typer.Option(min=0, max=1, help="Learn from this share of it on.")]
ToShare = Annotated[float, typer.Option(min=0, max=1, help="And no further than this one.")]
Whole = Annotated[bool, typer.Option("--whole", help="Learn from all of it.")]
Curves = Annotated[Path | None, typer.Option("--curves", help="Write the losses as .png or .json.")]
Device = Annotated[
    Literal["auto", "cpu", "cuda"], typer.Option(help="Where to compute; auto: a GPU if any.")
]


def train(
    traces: Traces,
    *,
    out: Out,
    beside: Beside = None,
    learner: LearnerName = "dqn",
    seed: Seed = USUAL.seed,
    epochs: Epochs = USUAL.epochs,
    sizes: Sizes = "1%,5%,10%",
    limit: Limit = None,
    from_share: FromShare = USUAL.from_share,
    to_share: ToShare = USUAL.to_share,
    whole: Whole = False,
    losses: Curves = None,
    device: Device = "auto",
    format: Format = None,
    max_bad_lines: MaxBadLines = 0,
) -> None:
    """Train a model for the policy drl on traces: by default on the first half of each.

    Sampled LRU is simulated, and what followed says what each candidate was worth.
    """
    check_torch()
    settings = Settings(
        *span(from_share, to_share, whole=whole), shares(sizes), seed=seed, epochs=epochs
    )
    usable("numba", ["lru"])
    check_out(out)
    if losses:
        curves.check(losses)
    place = chosen(device)
    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    with bar(console) as progress:
        source = Source(format, limit, max_bad_lines)
        gathered = seeing(traces, source, settings, progress)
        if beside:
            light = settings.beside_weight
            gathered = together(
                [gathered, seeing(beside, source, settings, progress, weight=light)]
            )
        fitted = learning(gathered, learner, settings, place, progress)
    sha256 = save(out, gathered.seen, fitted, learner, settings)
    if losses:
        curves.write(losses, fitted.curve, learner)
    shown = Console(markup=False, highlight=False)
    shown.print(what_was_seen(gathered.seen))
    shown.print(epochs_table(fitted))
    typer.echo(f"{out}: learner {learner}, seed {seed}, on {place}, sha256 {sha256}")


def check_torch() -> None:
    """UseError where torch is not installed."""
    if find_spec("torch") is None:
        raise UseError(
            "torch is not installed, which trains the network",
            hint='pip install "scrubjay[train]"',
        )


def chosen(device: str) -> str:
    """The device by its torch name; UseError for a GPU that is not there."""
    import torch

    there = torch.cuda.is_available()
    if device == "cuda" and not there:
        raise UseError("--device cuda: torch sees no GPU", hint="Train with --device cpu.")
    return "cuda" if there and device != "cpu" else "cpu"


def span(start: float, stop: float, *, whole: bool) -> tuple[float, float]:
    """The shares between which a trace is learned from."""
    if whole:
        if (start, stop) != (USUAL.from_share, USUAL.to_share):
            raise UseError(
                "--whole is every row, --from-share and --to-share are some", hint="Leave one out."
            )
        return 0.0, 1.0
    if start >= stop:
        raise UseError(
            f"--from-share {start:g} is not before --to-share {stop:g}",
            hint="Name a part of the trace, like --from-share 0 --to-share 0.5.",
        )
    return start, stop


def shares(text: str) -> tuple[float, ...]:
    """Shares out of `1%,5%`."""
    found = [size.share for size in experiment.sizes(text)]
    if None in found:
        raise UseError(
            f"--sizes is {text!r}", hint="Here they are shares of the footprint, like 1%,5%,10%."
        )
    return tuple(share for share in found if share is not None)


def check_out(out: Path) -> None:
    """Refuse a model file that could not be written, before the work is done."""
    if out.suffix != ".safetensors":
        raise UseError(f"--out {out}: unknown kind", hint="End it in .safetensors.")
    check_place(out)


def seeing(
    paths: Sequence[Path],
    source: Source,
    settings: Settings,
    progress: Progress,
    *,
    weight: float = 1.0,
) -> Gathered:
    """Read the traces, and log decisions in each."""
    assumed = Assumptions()
    compile_first(progress, [WATCHING])
    task = progress.add_task("logging", total=len(paths) * len(settings.sizes))

    def tell(what: str) -> None:
        progress.update(task, advance=1, description=f"logging {what}")

    # One trace in memory at a time.
    traces = (reading(path, source, assumed, progress) for path in paths)
    gathered = gather(traces, settings, assumed, tell, weight=weight)
    progress.remove_task(task)
    return gathered


def learning(
    gathered: Gathered, learner: str, settings: Settings, device: str, progress: Progress
) -> Fitted:
    """Fit under a bar that shows the losses."""
    from scrubjay_trainer.train import fit

    task = progress.add_task("training", total=None)

    def tell(step: int, steps: int, loss: float, validation: float) -> None:
        told = f"training: loss {loss:.4f}, validation {validation:.4f}"
        progress.update(task, completed=step, total=steps, description=told)

    found = fit(gathered.training, gathered.validation, learner, settings, device=device, tell=tell)
    progress.remove_task(task)
    return found


def save(out: Path, seen: Sequence[Seen], fitted: Fitted, learner: str, settings: Settings) -> str:
    """Write the model, whole or not at all; its SHA-256."""
    model.save(out, fitted.weights, metadata(seen, fitted, learner, settings))
    return digest(out)


def what_was_seen(seen: Sequence[Seen]) -> Table:
    """Traces and sizes, with what was logged."""
    shown = Table(title="what it saw", title_justify="left")
    for name in ("trace", "requests", "size", "decisions", "rows", "mean label"):
        shown.add_column(name, justify="left" if name == "trace" else "right")
    for one in seen:
        figures = (f"{one.requests:,}", f"{one.share * 100:g}%", f"{one.decisions:,}")
        shown.add_row(one.trace, *figures, f"{one.rows:,}", f"{one.chance:.4f}")
    return shown


def epochs_table(fitted: Fitted) -> Table:
    """Losses by epoch; the one that was kept is marked."""
    shown = Table(title="losses", title_justify="left")
    for name in ("epoch", "loss", "validation", ""):
        shown.add_column(name, justify="right")
    for one in fitted.curve:
        kept = "kept" if one.epoch == fitted.best.epoch else ""
        shown.add_row(str(one.epoch), f"{one.loss:.4f}", f"{one.validation:.4f}", kept)
    return shown
