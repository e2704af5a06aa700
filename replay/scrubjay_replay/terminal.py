"""Standings for a terminal: policies down, cache sizes across, the best online ones marked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rich.console import Console, ConsoleOptions
from rich.table import Table
from rich.text import Text

from scrubjay_replay.contests import Cell, Entrant, Figure, Size
from scrubjay_replay.standings import Measure, Standing

FRAME = 3  # columns that borders and padding take beside each cell


@dataclass(slots=True)
class Footnotes:
    """Statuses that are too long for a cell, by letter."""

    letters: dict[str, str] = field(default_factory=dict)

    def mark(self, troubles: Sequence[str]) -> str:
        """The letters of these statuses: (a), (ab)."""
        for trouble in troubles:
            self.letters.setdefault(trouble, _letter(len(self.letters)))
        return f"({''.join(self.letters[trouble] for trouble in troubles)})" if troubles else ""

    def lines(self) -> Iterator[Text]:
        """Each letter with what it means."""
        for trouble, letter in self.letters.items():
            yield Text(f"({letter}) {trouble}", style="dim")


def _letter(index: int) -> str:
    return chr(ord("a") + index) if index < 26 else f"{index + 1}."


@dataclass(frozen=True, slots=True)
class Standings:
    """All contests by all measures; as many sizes a table as the console is wide enough for."""

    shown: Sequence[Standing]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text | Table]:
        notes = Footnotes()
        for standing in self.shown:
            sizes = standing.contest.sizes
            across = _across(standing, options.max_width)
            for start in range(0, len(sizes), across):
                yield Text(_title(standing), style="bold")
                yield _table(standing, sizes[start : start + across], notes)
                yield Text()
        yield Text(
            "* best of the online policies; those below the line know the future", style="dim"
        )
        if any(cell.figure and cell.figure.half_width is not None for cell in self._cells()):
            yield Text("± half of the 95 % confidence interval of the mean over seeds", style="dim")
        yield from notes.lines()

    def _cells(self) -> Iterator[Cell]:
        return (cell for standing in self.shown for cell in standing.cells.values())


def _across(standing: Standing, width: int) -> int:
    """How many sizes fit beside the names, one at least."""
    names = max(len(entrant.name) for entrant in standing.entrants) + FRAME + 1
    spread = any(c.figure and c.figure.half_width is not None for c in standing.cells.values())
    return max(1, (width - names) // ((14 if spread else 9) + FRAME))


def _title(standing: Standing) -> str:
    return f"{standing.contest.name}: {standing.measure.name}, {standing.measure.unit}"


def _table(standing: Standing, sizes: Sequence[Size], notes: Footnotes) -> Table:
    table = Table()
    table.add_column("policy", no_wrap=True)
    for size in sizes:
        table.add_column(_heading(size), justify="right", no_wrap=True)
    order = standing.order()
    online = sum(entrant.kind.online for entrant in order)
    for place, entrant in enumerate(order, start=1):
        cells = [_cell(standing, entrant, size, notes) for size in sizes]
        table.add_row(entrant.name, *cells, end_section=place == online)
    return table


def _heading(size: Size) -> str:
    return "\n".join(part for part in (size.share, size.volume) if part) or "?"


def _cell(standing: Standing, entrant: Entrant, size: Size, notes: Footnotes) -> Text:
    cell = standing.cells[entrant, size]
    mark = notes.mark(cell.troubles)
    if cell.figure is None:
        return Text(mark or "-", style="dim")
    won = standing.won(entrant, size)
    said = in_words(standing.measure, cell.figure) + ("*" if won else " ") + mark
    return Text(said, style="bold green" if won else "")


def in_words(measure: Measure, figure: Figure) -> str:
    """A figure, with its half-width where it is known."""
    said = measure.shown(figure.mean)
    return said if figure.half_width is None else f"{said} ±{measure.shown(figure.half_width)}"
