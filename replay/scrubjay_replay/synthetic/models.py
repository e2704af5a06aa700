"""The generators by name, each with its parameters: help, checks and documentation read this."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from scrubjay_replay.errors import UseError
from scrubjay_replay.synthetic import passes, popularity
from scrubjay_replay.synthetic.parameters import (
    ALPHA,
    LENGTH,
    MOST_ROWS,
    OBJECTS,
    SHARE,
    Parameter,
    Value,
    count,
    share,
)
from scrubjay_replay.synthetic.popularity import Ids


@dataclass(frozen=True, slots=True)
class Model:
    """A generator of ids; `defaults` are of general options that suit it."""

    name: str
    ids: Callable[..., Ids]
    parameters: tuple[Parameter, ...]
    meaning: str
    defaults: Mapping[str, Value] = field(default_factory=dict)
    check: Callable[..., None] | None = None  # of values that must suit each other

    def values(self, given: Mapping[str, Value]) -> dict[str, Any]:
        """All parameters by name, as given or by default; UseError for one it has not."""
        known = {parameter.name for parameter in self.parameters}
        if foreign := sorted(given.keys() - known):
            raise UseError(f"{self.name} has no {options(foreign)}", hint=self.takes)
        found = {p.name: p.value(given.get(p.name, p.default)) for p in self.parameters}
        if self.check:
            self.check(**found)
        return found

    @property
    def takes(self) -> str:
        return f"{self.name} takes {options(p.name for p in self.parameters)}."


def options(names: Iterable[str]) -> str:
    return ", ".join(f"--{name.replace('_', '-')}" for name in names)


ZIPF = (OBJECTS, ALPHA)
LASTS = Parameter("lasts", share, "10%", "part of the trace that one crowd lasts", above=True)

MODELS = (
    Model("zipf", popularity.zipf, ZIPF, "a fixed catalogue, each request drawn independently"),
    Model(
        "drift",
        popularity.drift,
        (
            *ZIPF,
            Parameter(
                "every", count, "10k", "requests between two changes of ranks", 1000, MOST_ROWS
            ),
            Parameter("churn", share, "5%", "part of the objects whose rank changes then"),
        ),
        "zipf whose ranks pass to other objects",
    ),
    Model(
        "news",
        popularity.news,
        (
            *ZIPF,
            Parameter(
                "lifespan", count, "100k", "requests in which demand falls to 1/e", 1, MOST_ROWS
            ),
        ),
        "objects appear all along and are forgotten",
    ),
    Model(
        "flash",
        popularity.flash,
        (
            *ZIPF,
            Parameter("crowds", count, "1", "flash crowds, evenly over the trace", 1, 1000),
            Parameter("hot", count, "1", "objects that are hot in one crowd", 1, 10_000),
            SHARE.by_default("50%"),
            LASTS,
        ),
        "zipf, and for a while a new object or a few draw a large share",
        check=popularity.check_crowds,
    ),
    Model(
        "diurnal",
        popularity.diurnal,
        (
            *ZIPF,
            Parameter("shift", share, "30%", "part of the requests with the hour's favourites"),
        ),
        "zipf whose rate and favourites follow the hour",
        {"rate": 5, "swing": "80%"},
    ),
    Model(
        "scan",
        passes.scan,
        (*ZIPF, SHARE, LENGTH),
        "zipf and passes over objects that are asked for once",
    ),
    Model(
        "loop",
        passes.loop,
        (*ZIPF, SHARE, LENGTH),
        "zipf and a pass over the same objects again and again",
    ),
    Model(
        "one-hit",
        passes.one_hit,
        (*ZIPF, SHARE.by_default("40%")),
        "zipf and objects that are never asked for again",
    ),
    Model(
        "write-heavy",
        popularity.zipf,
        ZIPF,
        "zipf on objects that change at the origin, at rates that differ by class",
        {"writes": "classes", "write_rate": "20%"},
    ),
)
BY_NAME: Mapping[str, Model] = {model.name: model for model in MODELS}
MIX = "mix"


def find(name: str) -> Model:
    """The generator of that name; UseError when there is none."""
    if name in BY_NAME:
        return BY_NAME[name]
    near = get_close_matches(name, [*BY_NAME, MIX], 1)
    raise UseError(
        f"there is no generator {name!r}",
        hint=(f"Did you mean {near[0]}? " if near else "")
        + f"There are {', '.join([*BY_NAME, MIX])}; --list says what they are.",
    )
