"""A workload: what to generate, as given, as understood, and as a trace."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scrubjay_replay.errors import UseError
from scrubjay_replay.synthetic import changes, classes, mixture
from scrubjay_replay.synthetic.arrivals import Times, arrivals
from scrubjay_replay.synthetic.draws import Draws
from scrubjay_replay.synthetic.models import MIX, find
from scrubjay_replay.synthetic.parameters import GENERAL, SPAN, Value, shown
from scrubjay_replay.synthetic.popularity import Ids
from scrubjay_replay.trace import Trace

ARRIVALS, POPULARITY, SIZES, TTL, COST, CHANGES = range(6)  # purposes of draws
OVERLAYS: Mapping[str, tuple[str, str]] = {
    "sizes": ("unit", "bytes of objects: unit, web, or a mixture like 4KiB:0.9,1MiB:0.1"),
    "ttl": ("none", "lifetimes of objects: none, classes, or like 60s:0.3,1d:0.7"),
    "cost": ("none", "seconds at the origin: none, classes, or like 20ms:0.8,500ms:0.2"),
    "writes": ("even", "how rates of change differ: even, classes, or like 8:0.1,0.5:0.9"),
    "write_rate": ("0", "changes of each object like 6/h, or a share of all rows like 20%"),
}
CLASSES = (
    (classes.SIZES, "sizes"),
    (classes.TTL, "ttl"),
    (classes.COST, "cost"),
    (changes.FACTORS, "writes"),
)


@dataclass(frozen=True, slots=True)
class Workload:
    """A generator's name and its options as people write them; None: as the generator has it."""

    model: str = "zipf"
    parts: str = ""  # of a mix
    requests: Value | None = None
    seed: Value | None = None
    rate: Value | None = None
    swing: Value | None = None
    day: Value | None = None
    sizes: str | None = None
    ttl: str | None = None
    cost: str | None = None
    writes: str | None = None
    write_rate: str | None = None
    params: Mapping[str, Value] = field(default_factory=dict)


class Settled(NamedTuple):
    """A workload understood: every value is there and allowed."""

    model: str
    numbers: Mapping[str, Any]  # by the names of GENERAL
    overlays: Mapping[str, str]
    values: Mapping[str, Any]  # the generator's own
    parts: tuple[mixture.Part, ...]
    ids: Callable[[Times, Draws], Ids]

    @property
    def columns(self) -> frozenset[str]:
        """The columns of a trace that this workload fills."""
        told = {name for name in ("ttl", "cost") if self.overlays[name] != "none"}
        written = {"write"} if any(changes.rate(self.overlays["write_rate"])) else set()
        return frozenset({"at", "key", "size"} | told | written)


def settled(workload: Workload) -> Settled:
    """All values of a workload; UseError for the first that is not allowed."""
    if workload.model == MIX:
        parts = mixture.parts(workload.parts, workload.params)
        ids: Callable[[Times, Draws], Ids] = partial(mixture.mixed, parts=parts)
        values, defaults = {}, {}
    else:
        model = find(workload.model)
        if workload.parts:
            raise UseError(f"{model.name} has no parts", hint="Parts are for mix: see --help.")
        parts, values, defaults = (), model.values(workload.params), dict(model.defaults)
        ids = partial(model.ids, **values)
    numbers = {}
    for parameter in GENERAL:
        default = defaults.get(parameter.name, parameter.default)
        given = getattr(workload, parameter.name)
        numbers[parameter.name] = parameter.value(default if given is None else given)
    overlays = {}
    for name, (default, _) in OVERLAYS.items():
        given = getattr(workload, name)
        overlays[name] = (
            str(defaults.get(name, default)) if given is None else given.strip().lower()
        )
    check(numbers, overlays)
    return Settled(workload.model, numbers, overlays, values, parts, ids)


def check(numbers: Mapping[str, Any], overlays: Mapping[str, str]) -> None:
    """Read every overlay once, and see that the trace ends within a century."""
    for kind, name in CLASSES:
        kind.classes(overlays[name])
    changes.rate(overlays["write_rate"])
    if numbers["requests"] / numbers["rate"] > SPAN:
        raise UseError(
            f"{numbers['requests']:,} requests at --rate {numbers['rate']:g} take over 100 years",
            hint="Raise --rate.",
        )


def generate(workload: Workload | Settled) -> Trace:
    """The trace of a workload: the same values, the same trace."""
    plan = workload if isinstance(workload, Settled) else settled(workload)
    draws = Draws(plan.numbers["seed"])
    pace = {name: plan.numbers[name] for name in ("rate", "swing", "day")}
    times = arrivals(draws.of(ARRIVALS), plan.numbers["requests"], **pace)
    key, objects = dense(plan.ids(times, draws.of(POPULARITY)))
    at, write = times.at, np.zeros(len(key), np.bool_)
    rate = changes.rate(plan.overlays["write_rate"])
    if any(rate):
        factors = plan.overlays["writes"]
        at, key, write = changes.with_changes(at, key, rate, factors, draws.of(CHANGES))
    return Trace(
        at,
        key,
        classes.sizes(plan.overlays["sizes"], draws.of(SIZES), objects)[key],
        classes.ttls(plan.overlays["ttl"], draws.of(TTL), objects)[key],
        classes.costs(plan.overlays["cost"], draws.of(COST), objects)[key],
        write,
    )


def dense(ids: Ids) -> tuple[NDArray[np.int64], int]:
    """Numbers in order of first appearance, and how many there are."""
    first = changes.first_places(ids, int(ids.max()) + 1)
    there = np.flatnonzero(first < len(ids))
    number = first  # reused: no second array of that length
    number[there[np.argsort(first[there])]] = np.arange(len(there))
    return number[ids], len(there)


def command(plan: Settled) -> str:
    """The command line that makes this trace, with every value in it."""
    words = ["scrubjay", "trace", "synth", plan.model]
    if plan.parts:
        words.append(",".join(map(str, plan.parts)))
    for name, value in _told(plan):
        words += [f"--{name.replace('_', '-')}", value]
    return shlex.join(words)


def comments(plan: Settled) -> list[str]:
    """What a file of this trace says of itself: how to make it again, then every value."""
    lines = [command(plan), f"model: {plan.model}"]
    lines += [f"part: {part}" for part in plan.parts]
    lines += [f"{name}: {value}" for name, value in _told(plan)]
    for kind, name in CLASSES:
        spelled = kind.spelled(plan.overlays[name])
        if spelled != plan.overlays[name] and "," in spelled:
            lines.append(f"{plan.overlays[name]} {name}: {spelled}")
    return lines


def _told(plan: Settled) -> Iterator[tuple[str, str]]:
    for name, value in {**plan.numbers, **plan.values}.items():
        yield name, shown(value)
    yield from plan.overlays.items()
