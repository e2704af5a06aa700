"""`scrubjay config check` and `scrubjay config show`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from scrubjay_proxy.commands import options
from scrubjay_proxy.settings import Settings, find_file

config = typer.Typer(add_completion=False, no_args_is_help=True, help="Check or show the settings.")


@config.command(epilog="Example: scrubjay config check --config scrubjay.toml")
def check(config: options.ConfigFile = None) -> None:
    """Read all settings as `scrubjay serve` would; exit 2 and say why if it would not start."""
    from scrubjay_proxy.building import policy_of
    from scrubjay_proxy.models.directory import Directory

    path = find_file(config)
    settings = Settings.load(path)
    settings.require_work()
    policy_of(settings.cache, settings.cache.policy, settings.cache.model_file)
    if settings.models.dir:
        Directory(Path(settings.models.dir)).index()
    typer.echo(f"{path or 'environment and defaults'}: ok")


@config.command(epilog="Example: SCRUBJAY_CACHE__CAPACITY=1GiB scrubjay config show")
def show(
    config: options.ConfigFile = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array.")] = False,
) -> None:
    """Print every setting in force and where it was given; secrets are masked."""
    rows = [*Settings.load(find_file(config)).effective()]
    if as_json:
        named = [dict(zip(("key", "value", "source"), row, strict=True)) for row in rows]
        typer.echo(json.dumps(named, indent=2))
        return
    for key, value, source in rows:
        typer.echo(f"{key} = {json.dumps(value)}  # {source}")
