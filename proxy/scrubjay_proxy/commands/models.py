"""`scrubjay models`: what a model directory holds, and what of it is in force."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scrubjay_proxy.commands import options
from scrubjay_proxy.errors import UsageMistake

if TYPE_CHECKING:
    from scrubjay_proxy.models.directory import Directory
    from scrubjay_proxy.models.index import Index

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Look at models, promote them, try them in shadow, and roll back.",
)

File = Annotated[Path | None, typer.Argument(help="A model; without one, the shipped one.")]
Wanted = Annotated[
    str, typer.Argument(metavar="MODEL", help="A file, or the first digits of a digest.")
]


@app.command(name="list", epilog="Example: scrubjay models list --models /var/lib/scrubjay")
def list_(
    models: options.Models = None,
    config: options.ConfigFile = None,
    as_json: Annotated[bool, typer.Option("--json", help="The whole index.")] = False,
) -> None:
    """Show the models of a directory, their state, and what happened last."""
    from scrubjay_proxy.models import listing

    directory = opened(models, config)
    if as_json:
        typer.echo(listing.as_json(directory))
    else:
        listing.show(directory)


@app.command(epilog="Example: scrubjay models show model.safetensors")
def show(file: File = None) -> None:
    """Say what a model was trained on and how, or why this version refuses it (exit code 2)."""
    from scrubjay_policies import model
    from scrubjay_proxy.models import listing

    listing.show_model(model.load(file) if file else model.shipped())


@app.command(epilog="Example: scrubjay models promote mine.safetensors --models DIR")
def promote(
    model: Wanted, models: options.Models = None, config: options.ConfigFile = None
) -> None:
    """Put a model in force; it is verified before anything changes.

    A running proxy follows within a second.
    """
    done(opened(models, config).promote(model, by="command"))


@app.command(epilog="Example: scrubjay models rollback --models DIR")
def rollback(models: options.Models = None, config: options.ConfigFile = None) -> None:
    """Put the model before in force again; once more goes one further back."""
    done(opened(models, config).rollback(by="command"))


@app.command(epilog="Example: scrubjay models shadow mine.safetensors --models DIR")
def shadow(model: Wanted, models: options.Models = None, config: options.ConfigFile = None) -> None:
    """Let a model decide beside the one in force, without effect on what is answered."""
    done(opened(models, config).shadow(model, by="command"))


def opened(models: str | None, config: Path | None) -> Directory:
    """The directory of --models, of the environment, or of the settings file."""
    from scrubjay_proxy.models.directory import Directory
    from scrubjay_proxy.settings import Settings, find_file

    named = Settings.load(find_file(config), {"models.dir": models}).models.dir
    if not named:
        raise UsageMistake(
            "there is no model directory", hint="give --models DIR, or set SCRUBJAY_MODELS__DIR"
        )
    return Directory(Path(named))


def done(index: Index) -> None:
    """Say what is in force and in shadow now."""
    for state, sha256 in (("in force", index.active), ("in shadow", index.shadow)):
        entry = index.model(sha256)
        if entry is not None:
            typer.echo(f"{state}: {sha256[:12]} {entry.file}")
        elif state == "in force":
            typer.echo("in force: the model of the settings")
