"""`scrubjay models show`: what a model file says of itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from scrubjay_policies import model
from scrubjay_policies.model import Model

models = typer.Typer(add_completion=False, no_args_is_help=True, help="Look at model files.")

File = Annotated[Path | None, typer.Argument(help="A model; without one, the shipped one.")]


@models.callback()
def group() -> None:
    """Keeps `show` a sub-command, though it is the only one."""


@models.command(epilog="Example: scrubjay models show model.safetensors")
def show(file: File = None) -> None:
    """Say what a model was trained on and how, or why this version refuses it (exit code 2)."""
    found = model.load(file) if file else model.shipped()
    Console(markup=False, highlight=False).print(table(found))


def table(found: Model) -> Table:
    """What the file says, in the order of the alphabet, under what was found of it."""
    shown = Table(show_header=False)
    shown.add_column(no_wrap=True)
    shown.add_column(overflow="fold")
    largest = abs(found.weights).max()
    known = {
        "model": found.source,
        "sha256": found.sha256,
        "weights": f"{len(found.weights):,}, of which the largest is {largest:.3g}",
    }
    for name, text in (*known.items(), *sorted(found.metadata.items())):
        shown.add_row(printable(name), printable(in_words(text)))
    return shown


def in_words(text: str) -> str:
    """JSON lists and objects, one thing a line; other texts as they are."""
    if not text.startswith(("[", "{")):
        return text
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    if isinstance(value, dict):
        return "\n".join(f"{name}: {one}" for name, one in value.items())
    if any(isinstance(one, dict) for one in value):
        return "\n".join(in_words(json.dumps(one)).replace("\n", ", ") for one in value)
    return ", ".join(map(str, value))


def printable(text: str) -> str:
    """Without what would drive a terminal: the file may be anybody's."""
    return "".join(one if one.isprintable() or one == "\n" else "\ufffd" for one in text)
