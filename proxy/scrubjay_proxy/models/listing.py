"""Models as tables on a terminal, or as JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import msgspec
from rich.console import Console
from rich.table import Table

from scrubjay_policies.model import Model
from scrubjay_proxy.models.directory import Directory
from scrubjay_proxy.models.index import Entry, Index, State

LATEST = 10  # changes shown


def as_json(directory: Directory) -> str:
    """Every model with its state, and all changes that are kept."""
    index = directory.index()
    told = {
        "models": [{"state": index.state(one), **_fields(one)} for one in index.models],
        "new": unseen(directory, index),
        "history": index.history,
    }
    return msgspec.json.format(msgspec.json.encode(told)).decode()


def show(directory: Directory) -> None:
    """Print the models, what is in force first, and the latest changes."""
    index = directory.index()
    console = Console(markup=False, highlight=False)
    if not index.models and not unseen(directory, index):
        console.print(f"no models in {directory.path}; copy one there, or promote a file")
        return
    console.print(models_table(index, unseen(directory, index)))
    if index.history:
        console.print(history_table(index))


def unseen(directory: Directory, index: Index) -> list[str]:
    """Files that no proxy has looked at yet."""
    return sorted(
        name for name, stamp in directory.stamps().items() if index.seen.get(name) != stamp
    )


def models_table(index: Index, new: list[str]) -> Table:
    """One model a line."""
    table = Table("state", "digest", "file", "came (UTC)", "training said, or why refused")
    order = [*State]
    for entry in sorted(index.models, key=lambda one: order.index(index.state(one))):
        said = entry.refused or in_words(entry.metrics).replace("\n", ", ")
        table.add_row(
            index.state(entry),
            entry.sha256[:12],
            *(printable(text) for text in (entry.file, moment(entry.added), said)),
        )
    for name in new:
        table.add_row("new", "", printable(name), "", "no proxy has looked at it yet")
    return table


def history_table(index: Index) -> Table:
    """The latest changes, newest first."""
    table = Table("time (UTC)", "what", "digest", "file", "by", "why")
    for one in reversed(index.history[-LATEST:]):
        words = (moment(one.time), one.what, one.sha256[:12], one.file, one.by, one.why)
        table.add_row(*map(printable, words))
    return table


def show_model(found: Model) -> None:
    """Print what a file says of itself."""
    Console(markup=False, highlight=False).print(model_table(found))


def model_table(found: Model) -> Table:
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


def moment(time: float) -> str:
    """Unix seconds as date and time of day."""
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _fields(entry: Entry) -> dict[str, object]:
    return msgspec.to_builtins(entry)  # type: ignore[no-any-return]
