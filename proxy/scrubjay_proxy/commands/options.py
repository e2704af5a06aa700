"""Options of the command line, each written once; what is not given is left to the settings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer


def text(metavar: str, help: str, default: str | bool = False) -> Any:
    return typer.Option(metavar=metavar, help=help, show_default=default)


Origin = Annotated[str | None, text("URL", "The site to stand in front of.")]
Listen = Annotated[str | None, text("HOST:PORT", "Where clients connect.", "127.0.0.1:8080")]
Control = Annotated[
    str | None, text("HOST:PORT", "The control port: API, metrics, health.", "127.0.0.1:8081")
]
Capacity = Annotated[str | None, text("SIZE", "Bytes to hold.", "256MiB")]
PolicyName = Annotated[
    str | None, text("NAME", "What to evict: a name or package.module:NAME.", "gdsf")
]
Objective = Annotated[str | None, text("NAME", "Hits to win: object, byte or cost.", "object")]
Model = Annotated[str | None, text("FILE", "Weights of the policy drl.", "those that are shipped")]
Models = Annotated[str | None, text("DIR", "Models to watch, promote and roll back.", "none")]
Forward = Annotated[
    bool | None, typer.Option("--forward/--no-forward", help="Serve as http_proxy= as well.")
]
OriginTimeout = Annotated[str | None, text("TIME", "Silence of an origin that gives 504.", "30s")]
Staleness = Annotated[
    str | None, text("SHARE", "Learn unstated lifetimes, so much of the answers stale.", "off")
]
Store = Annotated[
    str | None, text("WHERE", "Where objects live: memory, or redis://HOST:PORT/DB.", "memory")
]
Workers = Annotated[
    int | None, text("N", "Processes that serve; several need --store redis://...", "1")
]
ConfigFile = Annotated[
    Path | None, text("FILE", "Settings file.", "SCRUBJAY_CONFIG, or scrubjay.toml if it exists")
]
