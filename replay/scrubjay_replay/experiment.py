"""What an experiment is made of: policies, sizes and seeds as people write them, as cells."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from scrubjay_policies import PolicyError
from scrubjay_policies import model as models
from scrubjay_policies import names as own_names
from scrubjay_policies.model import Model
from scrubjay_replay import cells, optimum, units
from scrubjay_replay.baselines import PREFIX
from scrubjay_replay.cells import LEARNED, Cell
from scrubjay_replay.errors import UseError
from scrubjay_replay.prepared import Assumptions, Prepared
from scrubjay_replay.sweep import Job

USUAL = "fifo,lru,lfu,gdsf,hyperbolic"
WILD = "*?["
MOST = 1 << 62  # bytes of a capacity: the compiled loop counts in 64 bits


@dataclass(frozen=True, slots=True)
class Size:
    """A capacity as it was asked for: a share of the footprint, or bytes."""

    share: float | None
    bytes: int = 0

    def of(self, footprint: int) -> int:
        """Bytes."""
        return self.bytes if self.share is None else int(footprint * self.share)


@dataclass(frozen=True, slots=True)
class Settings:
    """What all cells of an experiment share."""

    objective: str
    sample: int
    batch: int
    score_from: float
    engine: str
    time_limit: float
    assumed: Assumptions
    model: Path | None = None  # file of the learned policy's weights; none: the shipped one


def policies(text: str) -> list[str]:
    """Names out of `lru,gdsf,lcs:*`, patterns filled in, each once."""
    found: dict[str, None] = {}
    for name in filter(None, (part.strip() for part in text.split(","))):
        if any(one in name for one in WILD):
            matching = [one for one in every_name() if fnmatch(one, name)]
            if not matching:
                raise UseError(f"no policy is like {name!r}", hint=_there_are())
            found.update(dict.fromkeys(matching))
        else:
            found[_known(name)] = None
    if not found:
        raise UseError("--policy names none", hint=_there_are())
    return list(found)


def every_name() -> list[str]:
    """Everything that --policy takes, but for package.module:NAME."""
    return [*own_names(), *(f"{PREFIX}{name}" for name in _baselines()), *optimum.NAMES]


def sizes(text: str) -> list[Size]:
    """Capacities out of `0.1%,5%,10MiB`."""
    found = [_size(part.strip()) for part in text.split(",") if part.strip()]
    if not found:
        raise UseError("--size names none", hint="Write it like 1%,5%,10MiB.")
    return list(dict.fromkeys(found))


def seeds(text: str) -> list[int]:
    """Numbers out of `0,1,2`."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and int(part) < 1 << 63 for part in parts):
        raise UseError(f"--seed is {text!r}", hint="Write whole numbers like 0 or 0,1,2.")
    return list(dict.fromkeys(map(int, parts)))


def jobs(
    traces: Iterable[Prepared],
    policies: Sequence[str],
    sizes: Sequence[Size],
    seeds: Sequence[int],
    settings: Settings,
) -> list[Job]:
    """Every combination; what draws no random numbers is run with the first seed alone.

    Raises UseError for a capacity without room for a byte, and for a policy that the trace has
    too little or too much for.
    """
    found: list[Job] = []
    model = _model(settings.model, policies)
    for trace in traces:
        for size in sizes:
            for name in policies:
                for seed in seeds if cells.is_own(name) else seeds[:1]:
                    cell = _cell(name, trace, size, seed, settings, model=model)
                    cells.check(cell, trace)
                    found.append(Job(trace, cell))
    return found


def _model(path: Path | None, policies: Sequence[str]) -> Model | None:
    """The model of the file; cells carry it to where that file is not."""
    if path is None:
        return None
    if not LEARNED.keys() & set(policies):
        raise UseError(
            f"--model {path} is given, and no policy that has one",
            hint=f"Name {' or '.join(LEARNED)} among --policy, or leave --model out.",
        )
    try:
        return models.load(path)
    except PolicyError as error:
        raise UseError(str(error), hint=error.hint) from error


def _cell(
    name: str, trace: Prepared, size: Size, seed: int, settings: Settings, *, model: Model | None
) -> Cell:
    capacity = size.of(trace.footprint)
    if size.share is not None and capacity < 1:
        share = f"{size.share * 100:g}%"
        raise UseError(
            f"--size: {share} of {trace.name}, {trace.footprint:,} bytes, is no byte",
            hint="Give more.",
        )
    return Cell(
        policy=name,
        objective=settings.objective,
        capacity=capacity,
        fraction=capacity / trace.footprint if size.share is None else size.share,
        seed=seed,
        sample=settings.sample,
        batch=settings.batch,
        score_from=settings.score_from,
        engine=settings.engine,
        time_limit=settings.time_limit,
        assumed=settings.assumed,
        model=model if name in LEARNED else None,
    )


def _size(text: str) -> Size:
    if not text.endswith("%"):
        count = units.byte_count(text, "--size")
        if not 1 <= count < MOST:
            raise UseError(
                f"--size is {text!r}", hint="A cache holds from one byte up to some exbibytes."
            )
        return Size(None, count)
    try:
        share = float(text[:-1]) / 100
    except ValueError:
        share = math.nan
    if not 0 < share <= 1:
        raise UseError(
            f"--size is {text!r}", hint="A share of the footprint is above 0% and up to 100%."
        )
    return Size(share)


def _known(name: str) -> str:
    if name.startswith(PREFIX) and name.removeprefix(PREFIX) not in _baselines():
        raise UseError(f"{name} is no baseline", hint=_there_are())
    if cells.is_own(name):
        cells.own(name, "object")
    return name


def _baselines() -> list[str]:
    from scrubjay_replay import baselines

    return baselines.names()


def _there_are() -> str:
    return f"There are {', '.join(every_name())}, and package.module:NAME."
