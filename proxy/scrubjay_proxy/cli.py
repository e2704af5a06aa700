"""`scrubjay`: one command; a sub-command's module is imported only when it is the one asked for."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from scrubjay_proxy.errors import ScrubjayError


@dataclass(frozen=True, slots=True)
class Entry:
    """A sub-command: where it lives, what it does, how it is called."""

    target: str
    summary: str
    example: str


COMMANDS = {
    "demo": Entry(
        "scrubjay_proxy.commands.demo:demo",
        "Start the proxy in front of a built-in site, with a little traffic.",
        "scrubjay demo",
    ),
    "serve": Entry(
        "scrubjay_proxy.commands.serve:serve",
        "Serve as a caching proxy.",
        "scrubjay serve --origin https://www.example.com --capacity 1GiB --policy gdsf",
    ),
    "replay": Entry(
        "scrubjay_replay.commands.replay:replay",
        "Drive a running proxy with an access log or a trace.",
        "scrubjay replay access.log.gz --through http://127.0.0.1:8080 --speed 10x",
    ),
    "report": Entry(
        "scrubjay_replay.commands.report:report",
        "Show the results of simulations as a page or an image.",
        "scrubjay report r.csv --out report.html",
    ),
    "simulate": Entry(
        "scrubjay_replay.commands.simulate:simulate",
        "Simulate policies on traces, and compare them with the optimum.",
        "scrubjay simulate access.log.gz --policy lru,gdsf,lcs:s3fifo,belady --size 1%,5%",
    ),
    "hold": Entry(
        "scrubjay_replay.commands.hold:hold",
        "Simulate how long to keep what states no lifetime.",
        "scrubjay hold t.csv.gz --lifetime fixed:60s,heuristic:10%,learned:1%",
    ),
    "train": Entry(
        "scrubjay_trainer.commands.train:train",
        "Train a model for the policy drl on traces.",
        "scrubjay train access.log.gz --out mine.safetensors --curves curves.png",
    ),
    "evaluate": Entry(
        "scrubjay_trainer.commands.evaluate:evaluate",
        "Compare a model with gdsf and lru on traces.",
        "scrubjay evaluate mine.safetensors access.log.gz --size 1%,5%",
    ),
    "trace": Entry(
        "scrubjay_replay.commands.trace:trace",
        "Describe, convert, show and make traces.",
        "scrubjay trace describe access.log.gz",
    ),
    "models": Entry(
        "scrubjay_proxy.commands.models:app",
        "Look at models, promote them, try them in shadow, roll back.",
        "scrubjay models list --models DIR",
    ),
    "purge": Entry(
        "scrubjay_proxy.commands.purge:purge",
        "Remove objects from a running proxy by URL, tag or prefix.",
        "scrubjay purge https://www.example.com/news --soft",
    ),
    "config": Entry(
        "scrubjay_proxy.commands.config:config",
        "Check or show the settings.",
        "scrubjay config show --config scrubjay.toml",
    ),
}


class LazyGroup(TyperGroup):
    """Lists the table above; loads a command when it is called."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for name, entry in COMMANDS.items():
            self.add_command(TyperCommand(name=name, callback=None, help=entry.summary))

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name, _, rest = super().resolve_command(ctx, args)
        return name, load(name, COMMANDS[name]) if name else None, rest


def load(name: str, entry: Entry) -> Any:
    module, _, attribute = entry.target.partition(":")
    found = getattr(importlib.import_module(module), attribute)
    if not isinstance(found, typer.Typer):
        alone = typer.Typer(add_completion=False)
        epilog = f"Example: {entry.example}"
        alone.command(name=name, help=found.__doc__ or entry.summary, epilog=epilog)(found)
        found = alone
    return typer.main.get_command(found)


app = typer.Typer(cls=LazyGroup, add_completion=False, no_args_is_help=True)


def tell_version(wanted: bool) -> None:
    if wanted:
        from scrubjay_proxy.exposition import installed_version

        typer.echo(f"scrubjay {installed_version()}")
        raise typer.Exit


@app.callback(epilog="Exit codes: 0 done, 1 failed while running, 2 wrong use or bad input.")
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=tell_version, is_eager=True, help="And exit.")
    ] = False,
) -> None:
    """A caching HTTP proxy whose eviction policy you choose, measure and replace."""


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line; a mistake of the user is one line and a hint, not a traceback."""
    try:
        typer.main.get_command(app).main(args=args, prog_name="scrubjay")
    except Exception as error:
        # Packages below this one cannot know ScrubjayError: a hint marks what is meant for people.
        if not hasattr(error, "hint"):
            raise
        typer.echo(f"scrubjay: {error}", err=True)
        if error.hint:
            typer.echo(f"  hint: {error.hint}", err=True)
        sys.exit(error.exit_code if isinstance(error, ScrubjayError) else 2)
