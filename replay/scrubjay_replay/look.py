"""How policies look in all charts of a report, and what a chart says in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scrubjay_replay.contests import Entrant, Figure, Kind
from scrubjay_replay.standings import Measure, Standing

# Goals that are drawn in ink, with their names and dashes.
REFERENCES = (("offline", "best offline", (0, (5, 3))), ("bound", "bound", (0, (1.2, 1.8))))
LETTER = 5.5  # points of width, at the size of names
NAME, LONG_NAME = 20, 30  # letters of a name at a line's end, and beside a dot
LEADER = 14  # points from the axes to a name


@dataclass(frozen=True, slots=True)
class Look:
    """Which colour and number each policy has, in all charts of a report."""

    colours: Mapping[str, int]
    numbers: Mapping[str, int]

    def ends(self, standing: Standing) -> list[Entrant]:
        """Entrants whose lines have a colour here."""
        return [e for e in standing.entrants if e.name in self.colours]

    def room(self, standing: Standing) -> float:
        """Points to leave at the right for names."""
        names = [entrant.name for entrant in self.ends(standing)]
        names += [name for goal, name, _ in REFERENCES if goal in standing.goals]
        return LEADER + 6 + LETTER * max((len(cut(name)) for name in names), default=0)

    def longest(self, standing: Standing) -> float:
        """Points of the longest name of all."""
        return LETTER * max(len(cut(entrant.name, LONG_NAME)) for entrant in standing.entrants)

    def bound(self, standing: Standing) -> int:
        """The number of the entrant that bounds the others."""
        return next(self.numbers[e.name] for e in standing.entrants if e.kind is Kind.BOUND)

    def others(self, standings: Sequence[Standing]) -> list[str]:
        """Names of the lines without a colour, in order."""
        found = [e.name for s in standings for e in s.order() if e.name not in self.colours]
        return list(dict.fromkeys(found))


def cut(name: str, letters: int = NAME) -> str:
    """Cut in the middle: long names differ at both ends."""
    half = letters // 2
    return name if len(name) <= letters else f"{name[: letters - half - 1]}…{name[-half:]}"


def height(measure: Measure, figure: Figure) -> float:
    """Where a figure stands on the axis: what was missed of a hit ratio, else the figure."""
    value = figure.mean * measure.scale
    return 100 - value if measure.high else value


def axis(measure: Measure) -> str:
    """The label of the axis, with its unit."""
    return f"{measure.name.replace('hit', 'miss')} ({measure.unit})"


def title(standing: Standing, entrant: Entrant) -> str:
    """All figures of one line, for the pointer."""
    said = [
        f"{size}: {height(standing.measure, figure):.2f}"
        for size in standing.contest.sizes
        if (figure := standing.cells[entrant, size].figure)
    ]
    return f"{entrant.name}, {axis(standing.measure)}: {', '.join(said) or 'no figures'}"


def label(standing: Standing) -> str:
    """The chart in a sentence, for those who do not see it."""
    order = [e.name for e in standing.order() if e.kind.online]
    lowest = f"; lowest on the whole: {order[0]}" if order else ""
    return (
        f"{axis(standing.measure)} of {len(standing.entrants)} policies"
        f" at {len(standing.contest.sizes)} cache sizes on {standing.contest.name}{lowest}"
    )
