"""The counts of all workers as one meter, for whoever shows them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from scrubjay_proxy.exposition import process
from scrubjay_proxy.meter import Meter, Spread
from scrubjay_proxy.metrics import MODEL_CHANGES, MODEL_REFUSALS
from scrubjay_proxy.workers import counts
from scrubjay_proxy.workers.counts import Counts, total
from scrubjay_proxy.workers.messages import Gathered, Together

ORIGIN = ""  # its durations among those by outcome
# Every worker sees the same change of the one model directory.
SEEN_BY_ALL = frozenset({MODEL_CHANGES.name, MODEL_REFUSALS.name})


@dataclass(frozen=True, slots=True)
class Whole:
    """A meter of all processes; `processes`: the process_* metrics of each worker, none where
    this process is the only one."""

    meter: Meter
    processes: Mapping[int, Mapping[str, float]] = field(default_factory=dict)


def counts_of(meter: Meter, *, speaks: bool) -> Counts:
    """What this worker has counted."""
    usage = meter.gauges.usage()
    spreads = {**meter.durations, ORIGIN: meter.origin_duration}
    return Counts(
        tallies={
            name: list(tally.counts.items())
            for name, tally in meter.tallies.items()
            if speaks or name not in SEEN_BY_ALL
        },
        spreads={name: counts.Spread([*one.buckets], one.sum) for name, one in spreads.items()},
        connections=meter.gauges.connections(),
        filling=usage.filling,
        up=usage.up,
        process={sample.name: sample.value for one in process() for sample in one.samples},
    )


def whole_of(own: Meter, gathered: Gathered, together: Together, started: float) -> Whole:
    """All counts together; what is one for all, as the speaking worker sees it."""
    running = gathered.running
    summed = total((gathered.ended, *running.values()))
    usage = own.gauges.usage
    gauges = replace(
        own.gauges,
        usage=lambda: replace(usage(), filling=summed.filling, up=summed.up),
        connections=always(summed.connections),
        workers=always(together.up),
        restarts=always(together.restarts),
    )
    meter = own.counting(
        {name: dict(pairs) for name, pairs in summed.tallies.items()},
        {outcome: spread(summed, outcome) for outcome in own.durations},
        spread(summed, ORIGIN),
        gauges=gauges,
        started=started,
    )
    return Whole(meter, {index: one.process for index, one in running.items() if one.process})


def spread(summed: Counts, name: str) -> Spread:
    made, found = Spread(), summed.spreads.get(name)
    if found is not None:
        made.buckets, made.sum = list(found.buckets), found.sum
    return made


def always(value: int) -> Callable[[], int]:
    return lambda: value
