"""Several generators in one trace: each request comes from one of them, chosen by weight."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from scrubjay_replay.errors import UseError
from scrubjay_replay.synthetic.arrivals import Times
from scrubjay_replay.synthetic.draws import Draws
from scrubjay_replay.synthetic.models import Model, find, options
from scrubjay_replay.synthetic.parameters import Value, number, shown
from scrubjay_replay.synthetic.popularity import Ids

FORM = "Write NAME:WEIGHT,... with parameters behind: zipf:0.7:alpha=1.1,loop:0.3:length=500."


@dataclass(frozen=True, slots=True)
class Part:
    """A generator and its weight; its objects are its own."""

    model: Model
    weight: float
    values: Mapping[str, Any]

    def __str__(self) -> str:
        values = (f":{name}={shown(value)}" for name, value in self.values.items())
        return f"{self.model.name}:{shown(self.weight)}{''.join(values)}"


def parts(text: str, given: Mapping[str, Value]) -> tuple[Part, ...]:
    """The parts that `text` names; `given` holds for those that know it and don't say otherwise."""
    if not text.strip():
        raise UseError("mix needs its parts", hint=FORM)
    found = tuple(_part(item.strip(), given) for item in text.split(","))
    known = {parameter.name for part in found for parameter in part.model.parameters}
    if foreign := sorted(given.keys() - known):
        raise UseError(
            f"no part of the mix has {options(foreign)}",
            hint=" ".join(dict.fromkeys(part.model.takes for part in found)),
        )
    return found


def _part(item: str, given: Mapping[str, Value]) -> Part:
    name, *words = item.split(":")
    model = find(name)
    if not words:
        raise UseError(f"the part {item!r} has no weight", hint=FORM)
    try:
        weight = number(words.pop(0))
    except ValueError:
        weight = 0.0
    pairs = [word.partition("=") for word in words]
    if not weight > 0 or not all(name and equals and value for name, equals, value in pairs):
        raise UseError(f"the part {item!r} cannot be read", hint=FORM)
    known = {parameter.name for parameter in model.parameters}
    shared = {name: value for name, value in given.items() if name in known}
    own = {name.replace("-", "_"): value for name, _, value in pairs}
    return Part(model, weight, model.values({**shared, **own}))


def mixed(times: Times, draws: Draws, parts: tuple[Part, ...]) -> Ids:
    """Ids of all parts; two parts never share one."""
    cumulated = np.cumsum([part.weight for part in parts])
    at = draws.of(0).random(len(times)) * cumulated[-1]
    which = np.searchsorted(cumulated[:-1], at, side="right")
    ids = np.empty(len(times), np.int64)
    used = 0
    for place, part in enumerate(parts):
        mine = np.flatnonzero(which == place)
        if len(mine):
            own = part.model.ids(
                Times(times.at[mine], times.day), draws.of(1, place), **part.values
            )
            ids[mine] = own + used
            used += int(own.max()) + 1
    return ids
