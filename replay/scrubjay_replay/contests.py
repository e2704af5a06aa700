"""The rows of experiments as contests: who ran on the same trace under the same conditions."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from scrubjay_replay.baselines import PREFIX
from scrubjay_replay.results import DONE, Row, Value
from scrubjay_replay.units import bytes_in_words

# Rows that differ in these are no rivals: they met different traces or different origins.
CONDITIONS = ("trace_sha256", "score_from", "ttl", "origin_latency", "hit_latency", "writes")
# Rows of one cell and seed that differ in these are rivals of one name, told apart by it.
SETTINGS = (
    *("model", "model_sha256", "sample", "batch", "params"),
    *("requests", "engine", "version", "commit"),
)
OFFLINE = frozenset({"belady", "belady-size", "lcs:belady", "lcs:beladysize"})
# What no policy can pass, each for one column only.
BOUNDS = {"bound": "object_hit_ratio", "bound-byte": "byte_hit_ratio"}
OBJECTIVES = ("object", "byte", "cost")

# Student's t for 95 % by degrees of freedom, 1 to 30; beyond it the normal one is near enough.
T95 = (
    *(12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228),
    *(2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086),
    *(2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042),
)


class Kind(StrEnum):
    """Where a policy comes from; what knows the future competes with nobody."""

    NATIVE = "native"
    BASELINE = "baseline"
    OFFLINE = "offline"
    BOUND = "bound"

    @property
    def online(self) -> bool:
        """Whether it decides by the past alone."""
        return self in {Kind.NATIVE, Kind.BASELINE}


@dataclass(frozen=True, slots=True)
class Entrant:
    """A policy as it entered: its name and what tells it from others of that name."""

    name: str
    policy: str
    kind: Kind


@dataclass(frozen=True, slots=True, order=True)
class Size:
    """A cache size, known by its bytes, or by its share where the rows say no bytes."""

    rank: float
    capacity: float | None = field(compare=False)  # bytes
    fraction: float | None = field(compare=False)  # of the footprint

    def __str__(self) -> str:
        return self.share or self.volume or "?"

    @property
    def share(self) -> str:
        """Per cent of the footprint."""
        return "" if self.fraction is None else f"{self.fraction * 100:.3g} %"

    @property
    def volume(self) -> str:
        """Bytes in words."""
        return "" if self.capacity is None else bytes_in_words(self.capacity)


@dataclass(frozen=True, slots=True)
class Figure:
    """The mean over seeds; `half_width` of its 95 % confidence interval, None for one seed."""

    mean: float
    half_width: float | None
    seeds: int


@dataclass(frozen=True, slots=True)
class Cell:
    """What one entrant did at one size: a figure, or why there is none."""

    figure: Figure | None = None
    troubles: tuple[str, ...] = ()  # statuses of the rows that are not done
    aim: str = ""  # the objective of these rows


@dataclass(frozen=True, slots=True)
class Contest:
    """One trace under one set of conditions; `rows` by entrant, size and objective, by seed."""

    name: str
    trace: str
    entrants: tuple[Entrant, ...]
    sizes: tuple[Size, ...]
    cells: Mapping[tuple[Entrant, Size, str], tuple[Row, ...]]
    repeated: int = 0  # rows of one cell and seed beyond the first; the last that is done counts

    def rows(self, entrant: Entrant, size: Size, objective: str) -> tuple[Row, ...]:
        """Those that aim at `objective`; where there are none, at the next one there is."""
        for aim in (objective, "", *OBJECTIVES):
            if found := self.cells.get((entrant, size, aim)):
                return found
        return ()

    def cell(self, entrant: Entrant, size: Size, column: str, objective: str) -> Cell:
        """The figure of a column, over the seeds."""
        rows = self.rows(entrant, size, objective)
        values = [v for row in rows if (v := number(row, column)) is not None]
        troubles = tuple(dict.fromkeys(text(row, "status") for row in rows if not is_done(row)))
        return Cell(mean(values), troubles, text(rows[0], "objective") if rows else "")


def is_done(row: Row) -> bool:
    """Whether a row has figures; files of other tools may lack the column."""
    return row.get("status") in {DONE, None}


def number(row: Row, column: str) -> float | None:
    """A figure of a row that is done."""
    return _known(row.get(column)) if is_done(row) else None


def text(row: Row, column: str) -> str:
    """A column in words, empty where the row does not say."""
    value = row.get(column)
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def mean(values: Sequence[float]) -> Figure | None:
    """Mean and half-width by Student's t; the spread of one seed is unknown."""
    count = len(values)
    if not count:
        return None
    middle = math.fsum(values) / count
    if count == 1:
        return Figure(middle, None, 1)
    variance = math.fsum((value - middle) ** 2 for value in values) / (count - 1)
    t = T95[count - 2] if count - 2 < len(T95) else 1.960
    return Figure(middle, t * math.sqrt(variance / count), count)


def contests(rows: Iterable[Row]) -> list[Contest]:
    """All contests in the order in which their traces appear."""
    by_trace: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_trace[text(row, "trace")].append(row)
    return [
        _contest(trace, conditions, chosen)
        for trace, of_trace in by_trace.items()
        for conditions, chosen in _apart(of_trace)
    ]


def _apart(rows: Sequence[Row]) -> list[tuple[str, list[Row]]]:
    """Rows of one trace by the conditions that differ; one that says nothing joins them all."""
    differ = [name for name in CONDITIONS if len({r[name] for r in rows} - {None}) > 1]
    if not differ:
        return [("", list(rows))]
    told = [tuple(row[name] for name in differ) for row in rows]
    scenes = list(dict.fromkeys(key for key in told if None not in key)) or list(set(told))
    placed = [
        (scene, [row for row, key in zip(rows, told, strict=True) if _fits(key, scene)])
        for scene in scenes
    ]
    return [(_conditions(differ, scene), chosen) for scene, chosen in placed]


def _fits(key: Sequence[Value], scene: Sequence[Value]) -> bool:
    return all(mine in {None, its} for mine, its in zip(key, scene, strict=True))


def _conditions(names: Sequence[str], values: Sequence[Value]) -> str:
    said = [f"{n.replace('_', ' ')} {_short(n, v)}" for n, v in zip(names, values, strict=True)]
    return ", ".join(said)


def _short(name: str, value: Value) -> str:
    whole = text({name: value}, name) or "unknown"
    return whole[:8] if name in {"trace_sha256", "model_sha256", "commit"} else whole


@dataclass(slots=True)
class _Draft:
    """A contest being put together."""

    cells: dict[tuple[Entrant, Size, str], dict[Value, Row]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    repeated: int = 0

    def add(self, entrant: Entrant, size: Size, row: Row) -> None:
        seeds = self.cells[entrant, size, text(row, "objective")]
        before = seeds.get(row["seed"])
        self.repeated += before is not None
        if before is None or is_done(row) or not is_done(before):
            seeds[row["seed"]] = row


def _contest(trace: str, conditions: str, rows: Sequence[Row]) -> Contest:
    telling = _telling(rows)
    draft = _Draft()
    for row in rows:
        policy = text(row, "policy")
        said = [f"{name}={_short(name, row[name])}" for name in telling[policy]]
        draft.add(Entrant(" ".join([policy, *said]), policy, _kind(row)), _size(row), row)
    return Contest(
        name=f"{trace} ({conditions})" if conditions else trace,
        trace=trace,
        entrants=tuple(dict.fromkeys(entrant for entrant, _, _ in draft.cells)),
        sizes=tuple(sorted({size for _, size, _ in draft.cells})),
        cells={key: tuple(seeds.values()) for key, seeds in draft.cells.items()},
        repeated=draft.repeated,
    )


def _telling(rows: Sequence[Row]) -> dict[str, list[str]]:
    """For each policy the settings in which rows of one cell and seed differ."""
    same: dict[tuple[Value | Size, ...], list[Row]] = defaultdict(list)
    for row in rows:
        same[row["policy"], row["objective"], row["seed"], _size(row)].append(row)
    telling: dict[str, list[str]] = defaultdict(list)
    for twins in same.values():
        found = telling[text(twins[0], "policy")]
        for name in SETTINGS:
            if name not in found and len({twin[name] for twin in twins} - {None}) > 1:
                found.append(name)
    return telling


def _kind(row: Row) -> Kind:
    policy = text(row, "policy")
    if policy in BOUNDS:
        return Kind.BOUND
    if row["engine"] == "offline" or policy.lower() in OFFLINE:
        return Kind.OFFLINE
    return Kind.BASELINE if policy.startswith(PREFIX) else Kind.NATIVE


def _size(row: Row) -> Size:
    capacity, fraction = _known(row["capacity_bytes"]), _known(row["size_fraction"])
    rank = capacity if capacity is not None else fraction
    return Size(-1.0 if rank is None else rank, capacity, fraction)


def _known(value: Value) -> float | None:
    return float(value) if isinstance(value, int | float) else None
