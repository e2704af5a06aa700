"""`scrubjay demo`: what `make run` starts."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import typer

from scrubjay_proxy import logs
from scrubjay_proxy.commands import options
from scrubjay_proxy.commands.loop import run_in_loop
from scrubjay_proxy.demo import Served, greeting, visit
from scrubjay_proxy.demo_origin import DemoOrigin
from scrubjay_proxy.settings import Settings


def demo(
    origin: options.Origin = None,
    listen: options.Listen = None,
    control: options.Control = None,
) -> None:
    """Start the proxy on embedded defaults and print what to try. Ctrl-C ends it.

    Without --origin it stands before a small site of its own, visited twenty times a second.
    """
    raise typer.Exit(run_in_loop(show(origin, listen, control)))


async def show(origin: str | None, listen: str | None, control: str | None) -> int:
    from scrubjay_proxy.app import run

    async with AsyncExitStack() as stack:
        site = origin or (await stack.enter_async_context(DemoOrigin())).url
        settings = demo_settings(site, listen, control)
        logs.configure(settings.log)
        visits: list[asyncio.Task[None]] = []

        def on_ready(proxy: Served) -> None:
            typer.echo(greeting(settings, proxy, own_site=origin is None))
            if origin is None:
                visits.append(asyncio.create_task(visit(proxy.port), name="demo visitors"))

        try:
            return await run(settings, on_ready=on_ready)
        finally:
            for task in visits:
                task.cancel()
            await asyncio.gather(*visits, return_exceptions=True)


def demo_settings(origin: str, listen: str | None, control: str | None) -> Settings:
    """Forward mode is on; private targets are allowed as long as only this machine can ask."""
    flags = {
        "proxy.origin": origin,
        "proxy.listen": listen,
        "proxy.forward": True,
        "control.listen": control,
        "log.level": "warning",
    }
    settings = Settings.load(None, flags)
    return Settings.load(
        None, {**flags, "proxy.forward_private": settings.proxy.listen.is_loopback}
    )
