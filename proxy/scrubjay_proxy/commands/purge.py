"""`scrubjay purge`: asks the control port of a running proxy."""

from __future__ import annotations

import json
from http.client import HTTPConnection, HTTPException
from typing import Annotated, Any

import typer

from scrubjay_proxy.commands import options
from scrubjay_proxy.errors import ControlError, UsageMistake
from scrubjay_proxy.quantities import Address
from scrubjay_proxy.settings import Settings, find_file

PATIENCE = 30.0  # seconds


def purge(
    url: Annotated[
        str | None, typer.Argument(help="https://host/path, or /path for every host.")
    ] = None,
    *,
    tag: Annotated[
        list[str] | None,
        typer.Option(metavar="TAG", help="A word of Surrogate-Key or Cache-Tag. Repeatable."),
    ] = None,
    prefix: Annotated[
        list[str] | None, typer.Option(metavar="PREFIX", help="What URLs begin with. Repeatable.")
    ] = None,
    soft: Annotated[bool, typer.Option("--soft", help="Mark stale instead of removing.")] = False,
    control: options.Control = None,
    config: options.ConfigFile = None,
) -> None:
    """Remove objects from a running proxy by URL, tag or prefix, and say how many there were.

    The token is taken from the settings (SCRUBJAY_CONTROL__TOKEN).
    """
    if not (url or tag or prefix):
        raise UsageMistake("nothing to purge", hint="give a URL, --tag or --prefix")
    order = {"urls": [url] if url else [], "tags": tag or [], "prefixes": prefix or []}
    settings = Settings.load(find_file(config), {"control.listen": control})
    token = settings.control.token.get_secret_value()
    answer = post(settings.control.listen, token, {**order, "soft": soft})
    typer.echo(f"{answer['purged']} {'marked stale' if soft else 'removed'}")


def post(address: Address, token: str, order: dict[str, Any]) -> dict[str, Any]:
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    connection = HTTPConnection(address.host, address.port, timeout=PATIENCE)
    try:
        connection.request("POST", "/api/purge", json.dumps(order), headers)
        response = connection.getresponse()
        body = json.loads(response.read() or b"null")
    except (OSError, HTTPException, ValueError) as error:
        raise ControlError(
            f"no proxy answers on the control port {address}: {error}",
            hint="start one with `scrubjay serve`, or give --control HOST:PORT",
        ) from error
    finally:
        connection.close()
    if response.status != 200 or not isinstance(body, dict):
        raise ControlError(f"the control port {address} refused: {complaint(body)}")
    return body


def complaint(body: Any) -> str:
    if isinstance(body, dict) and isinstance(body.get("detail"), list):
        return "; ".join(str(one.get("msg")) for one in body["detail"])
    return str(body.get("error", body)) if isinstance(body, dict) else str(body)
