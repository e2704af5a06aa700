"""`scrubjay serve`."""

from __future__ import annotations

import typer

from scrubjay_proxy import logs
from scrubjay_proxy.commands import options
from scrubjay_proxy.commands.loop import run_in_loop
from scrubjay_proxy.settings import Settings, find_file


def serve(
    *,
    origin: options.Origin = None,
    listen: options.Listen = None,
    control: options.Control = None,
    capacity: options.Capacity = None,
    policy: options.PolicyName = None,
    objective: options.Objective = None,
    model: options.Model = None,
    models: options.Models = None,
    forward: options.Forward = None,
    origin_timeout: options.OriginTimeout = None,
    store: options.Store = None,
    workers: options.Workers = None,
    staleness: options.Staleness = None,
    config: options.ConfigFile = None,
) -> None:
    """Serve as a caching proxy: in front of an origin, as a forward proxy, or both.

    Every flag wins over SCRUBJAY_SECTION__KEY in the environment, and that over the file.
    """
    flags = {
        "proxy.origin": origin,
        "proxy.listen": listen,
        "proxy.forward": forward,
        "control.listen": control,
        "cache.capacity": capacity,
        "cache.policy": policy,
        "cache.objective": objective,
        "cache.model": model,
        "models.dir": models,
        "cache.store": store,
        "proxy.workers": workers,
        "http.staleness": staleness,
        "origin.timeout": origin_timeout,
    }
    settings = Settings.load(find_file(config), flags)
    settings.require_work()
    logs.configure(settings.log)

    if settings.proxy.workers > 1:
        from scrubjay_proxy.workers.parent import run_workers

        raise typer.Exit(run_in_loop(run_workers(settings)))

    from scrubjay_proxy.app import run

    raise typer.Exit(run_in_loop(run(settings)))
