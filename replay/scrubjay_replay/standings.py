"""Who wins where: each contest judged by a measure, gaps to the best and to the offline ones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from rich.console import RenderableType

from scrubjay_replay.contests import BOUNDS, Cell, Contest, Entrant, Kind, Size, contests, text
from scrubjay_replay.results import Row

TIE = 1e-9  # figures that differ by less are the same one, rounded differently
LAST = {Kind.OFFLINE: 1, Kind.BOUND: 2}  # in every table
NEAR = 0.5  # points of hit ratio that hardly matter in practice


@dataclass(frozen=True, slots=True)
class Measure:
    """A column to judge by, and how people read it: the figure times `scale`, in `unit`."""

    column: str
    name: str
    unit: str
    objective: str  # the rows that aim at it
    scale: float = 100.0
    high: bool = True  # more is better
    digits: int = 2

    def shown(self, value: float) -> str:
        """The figure without its unit."""
        return f"{value * self.scale:.{self.digits}f}"


OBJECT = Measure("object_hit_ratio", "object hit ratio", "% of requests", "object")
BYTE = Measure("byte_hit_ratio", "byte hit ratio", "% of bytes requested", "byte")
LATENCY = Measure("latency_mean", "mean latency", "ms", "cost", 1000.0, high=False)
MEASURES = (OBJECT, BYTE, LATENCY)


@dataclass(frozen=True, slots=True)
class Standing:
    """A contest judged: a cell for each entrant and size, the best figures of each kind."""

    contest: Contest
    measure: Measure
    entrants: tuple[Entrant, ...]  # without bounds of other measures
    cells: Mapping[tuple[Entrant, Size], Cell]
    best: Mapping[Size, float]
    offline: Mapping[Size, float]
    bound: Mapping[Size, float]

    def won(self, entrant: Entrant, size: Size) -> bool:
        """Whether no other online policy is better; several may share it."""
        short = self.short_of(self.best, entrant, size)
        return entrant.kind.online and short is not None and short <= TIE

    def short_of(self, goal: Mapping[Size, float], entrant: Entrant, size: Size) -> float | None:
        """By how much an entrant falls short of a goal; below 0 it is better."""
        figure = self.cells[entrant, size].figure
        if figure is None or size not in goal:
            return None
        return goal[size] - figure.mean if self.measure.high else figure.mean - goal[size]

    def gaps(self, goal: Mapping[Size, float], entrant: Entrant) -> list[float]:
        """How far it falls short at each size where that is known."""
        found = (self.short_of(goal, entrant, size) for size in self.contest.sizes)
        return [gap for gap in found if gap is not None]

    def order(self) -> list[Entrant]:
        """Online ones, nearest to the best first, those that lack cells last; then others."""
        return sorted(self.entrants, key=self._place)

    def _place(self, entrant: Entrant) -> tuple[int, int, float, str]:
        gaps = self.gaps(self.best or self.offline or self.bound, entrant)
        return LAST.get(entrant.kind, 0), -len(gaps), fmean(gaps) if gaps else 0.0, entrant.name

    @property
    def goals(self) -> dict[str, Mapping[Size, float]]:
        """What there is to reach: the best online and offline figures, and the bound."""
        named = {"best": self.best, "offline": self.offline, "bound": self.bound}
        return {name: goal for name, goal in named.items() if goal}

    @property
    def known(self) -> bool:
        """Whether there is any figure at all."""
        return bool(self.goals)

    def aims(self) -> dict[str, list[str]]:
        """The names of entrants by what their rows aim at."""
        found: dict[str, list[str]] = defaultdict(list)
        for (entrant, _), cell in self.cells.items():
            if cell.figure and entrant.name not in found[cell.aim]:
                found[cell.aim].append(entrant.name)
        return {aim: names for aim, names in found.items() if names}


def standing(contest: Contest, measure: Measure) -> Standing:
    """Judge a contest by one measure."""
    entrants = tuple(
        entrant
        for entrant in contest.entrants
        if BOUNDS.get(entrant.policy, measure.column) == measure.column
    )
    cells = {
        (entrant, size): contest.cell(entrant, size, measure.column, measure.objective)
        for entrant in entrants
        for size in contest.sizes
    }
    top = max if measure.high else min

    def best(*kinds: Kind) -> dict[Size, float]:
        found: dict[Size, list[float]] = defaultdict(list)
        for (entrant, size), cell in cells.items():
            if cell.figure and entrant.kind in kinds:
                found[size].append(cell.figure.mean)
        return {size: top(values) for size, values in found.items()}

    return Standing(
        *(contest, measure, entrants, cells),
        best=best(Kind.NATIVE, Kind.BASELINE),
        offline=best(Kind.OFFLINE),
        bound=best(Kind.BOUND),
    )


@dataclass(frozen=True, slots=True)
class Line:
    """One policy over all contests; gaps are means over its cells, in the measure's own unit."""

    name: str
    kind: Kind
    cells: int
    wins: int
    near: int  # within NEAR points of the best
    to_best: float | None
    worst: float | None  # the largest gap to the best
    to_offline: float | None
    to_bound: float | None


def summary(standings: Sequence[Standing]) -> list[Line]:
    """All entrants, the nearest to the best first; those that lack cells; offline; bounds."""
    kinds = {e.name: e.kind for one in standings for e in one.entrants}
    lines = [_line(name, kind, standings) for name, kind in kinds.items()]
    return sorted(
        lines,
        key=lambda line: (
            LAST.get(line.kind, 0),
            -line.cells,
            0.0 if line.to_best is None else line.to_best,
            line.name,
        ),
    )


def _line(name: str, kind: Kind, standings: Sequence[Standing]) -> Line:
    mine = [(s, e) for s in standings for e in s.entrants if e.name == name]
    to_best = [gap for s, e in mine for gap in s.gaps(s.best, e)]
    to_offline = [gap for s, e in mine for gap in s.gaps(s.offline, e)]
    to_bound = [gap for s, e in mine for gap in s.gaps(s.bound, e)]
    return Line(
        name=name,
        kind=kind,
        cells=sum(s.cells[e, size].figure is not None for s, e in mine for size in s.contest.sizes),
        wins=sum(s.won(e, size) for s, e in mine for size in s.contest.sizes),
        near=sum(gap * s.measure.scale <= NEAR + TIE for s, e in mine for gap in s.gaps(s.best, e)),
        to_best=fmean(to_best) if to_best else None,
        worst=max(to_best, default=None),
        to_offline=fmean(to_offline) if to_offline else None,
        to_bound=fmean(to_bound) if to_bound else None,
    )


def measures(rows: Iterable[Row]) -> list[Measure]:
    """What the rows aim at, object hits where they don't say."""
    aims = {text(row, "objective") for row in rows}
    return [measure for measure in MEASURES if measure.objective in aims] or [OBJECT]


def table(rows: Iterable[Row]) -> RenderableType:
    """For a terminal: each trace by what its rows aim at, as wide as the console allows."""
    from scrubjay_replay.terminal import Standings

    rows = list(rows)
    judged = [standing(c, measure) for c in contests(rows) for measure in measures(rows)]
    return Standings([one for one in judged if one.cells])
