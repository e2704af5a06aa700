"""From settings to the models of a running proxy."""

from __future__ import annotations

import time
from collections.abc import Callable

from scrubjay_proxy.events import Events
from scrubjay_proxy.meter import Meter
from scrubjay_proxy.models.fallback import Fallback
from scrubjay_proxy.models.in_force import InForce
from scrubjay_proxy.models.swapping import Models
from scrubjay_proxy.settings import Settings
from scrubjay_proxy.store.base import Asked


def models_of(
    settings: Settings,
    *,
    meter: Meter,
    events: Events,
    clock: Callable[[], float],
    feed: Callable[[Asked | None], None],
) -> Models:
    """Raises UsageMistake for a model directory that cannot be used."""
    fallback = Fallback(
        objective=settings.cache.objective,
        deadline=settings.cache.deadline,
        timer=time.perf_counter,
        meter=meter,
        events=events,
    )
    return Models(
        settings.models,
        InForce(settings.cache, fallback),
        meter=meter,
        events=events,
        clock=clock,
        feed=feed,
    )
