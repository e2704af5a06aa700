"""Miss-ratio curves as figures: inline SVG that follows a page's theme, or one image of all."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from itertools import chain
from pathlib import Path
from textwrap import wrap
from typing import Any

from matplotlib import rc_context, rcParamsDefault
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scrubjay_replay.charts_marks import curves, dots
from scrubjay_replay.look import Look, label, title
from scrubjay_replay.palette import CARD, COLOURS, INK, ROLES, SECOND, THIRD
from scrubjay_replay.results import replacing
from scrubjay_replay.standings import Standing

POINT = 72  # of an inch; a pixel of the inline SVG
WIDTH, HEIGHT = 410, 300
LEFT, BOTTOM, TOP = 44, 58, 10
ROW = 13  # height of one policy where there is but one size
TITLE, LINE = 14, 15  # heights of a title and of a line of text in an image
SETTINGS = {
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "svg.hashsalt": "scrubjay",
    "axes.linewidth": 0.8,
    "axes.edgecolor": THIRD.light,
    "axes.labelcolor": INK.light,
    "axes.facecolor": "none",
    "xtick.color": THIRD.light,
    "ytick.color": THIRD.light,
    "xtick.labelcolor": INK.light,
    "ytick.labelcolor": INK.light,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "text.color": INK.light,
    "text.parse_math": False,
}


@contextmanager
def _settings(text: str) -> Iterator[None]:
    """Ours in place of whatever the user's matplotlibrc says; text as text or as path."""
    settings: dict[Any, Any] = {**rcParamsDefault, **SETTINGS, "svg.fonttype": text}
    del settings["backend"]
    with rc_context(settings), warnings.catch_warnings():
        # Names may be in scripts that this font lacks; a page shows them in the reader's own.
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from font")
        yield


@dataclass(frozen=True, slots=True)
class Frame:
    """A chart's place on its figure, in points; `start` and `end` are the room beside it."""

    height: float
    start: float
    end: float

    def fill(self, figure: Figure, x: float = 0, y: float = 0) -> Axes:
        """Axes in a frame whose lower left corner is at x, y."""
        width, height = (inches * POINT for inches in figure.get_size_inches())
        inner = WIDTH - self.start - self.end, self.height - BOTTOM - TOP
        return figure.add_axes(
            (
                (x + self.start) / width,
                (y + BOTTOM) / height,
                inner[0] / width,
                inner[1] / height,
            )
        )


def _frame(standing: Standing, look: Look) -> Frame:
    names = look.room(standing)
    if len(standing.contest.sizes) > 1:
        return Frame(HEIGHT, LEFT, names)
    count = len(standing.entrants)
    return Frame(max(HEIGHT, BOTTOM + TOP + ROW * count), look.longest(standing) + 8, 12)


def _draw(axes: Axes, standing: Standing, look: Look) -> None:
    if not standing.known:
        axes.set_axis_off()
        axes.text(0.5, 0.5, f"no {standing.measure.name} in these rows", ha="center")
    elif len(standing.contest.sizes) > 1:
        curves(axes, standing, look)
    else:
        dots(axes, standing, look)


def inline(standing: Standing, look: Look, prefix: str) -> str:
    """One chart as SVG for a page: its colours are the page's, its ids begin with `prefix`."""
    frame = _frame(standing, look)
    with _settings("none"):
        figure = Figure(figsize=(WIDTH / POINT, frame.height / POINT), facecolor="none")
        _draw(frame.fill(figure), standing, look)
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    return _for_page(text.getvalue(), standing, look, prefix)


def _for_page(svg: str, standing: Standing, look: Look, prefix: str) -> str:
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(
        r'<svg [^>]*?viewBox="([^"]+)"[^>]*>',
        rf'<svg viewBox="\1" role="img" aria-label="{escape(label(standing))}">',
        svg,
        count=1,
    )
    svg = _hoverable(svg, standing, look)
    svg = re.sub(r'\bid="', f'id="{prefix}-', svg)
    svg = re.sub(r'(xlink:href="|url\()#', rf"\1#{prefix}-", svg).replace("xlink:href", "href")
    svg = re.sub(r"font: ([\d.]+px) [^;\"]*", r"font-size: \1", svg)
    for name, colour in _variables().items():
        svg = svg.replace(colour, f"var(--{name})")
    return svg.strip()


def _variables() -> dict[str, str]:
    series = {f"c{index}": colour.light for index, colour in enumerate(COLOURS)}
    return series | {name: colour.light for name, colour in ROLES.items()}


def _hoverable(svg: str, standing: Standing, look: Look) -> str:
    """Lines get their policy's number for the script and its figures for the pointer."""
    for entrant in standing.entrants:
        number = look.numbers[entrant.name]
        hint = escape(title(standing, entrant))
        thin = "" if entrant.name in look.colours else " thin"
        mark = f'<g class="mark{thin}" data-p="{number}"><title>{hint}</title>'
        svg = re.sub(rf'<g id="(?:line|band|name)-{number}">', mark.replace("\\", r"\\"), svg)
    return svg


def image(path: Path, grid: Sequence[Sequence[Standing]], look: Look) -> None:
    """All charts as one PNG or SVG: a row for each contest, two where there are many."""
    abreast = 2 if len(grid) > 3 else 1
    lines = [list(chain(*grid[i : i + abreast])) for i in range(0, len(grid), abreast)]
    width = max(len(line) for line in lines) * WIDTH
    heights = [TITLE + max(_frame(one, look).height for one in line) for line in lines]
    foot = _foot([one for line in lines for one in line], look, width)
    total = sum(heights) + len(foot.splitlines()) * LINE + 12
    with _settings("path"), replacing(path) as draft:
        figure = Figure(figsize=(width / POINT, total / POINT), facecolor=CARD.light)
        for number, line in enumerate(lines):
            for column, one in enumerate(line):
                corner = column * WIDTH, total - sum(heights[: number + 1])
                axes = _frame(one, look).fill(figure, *corner)
                axes.set_title(one.contest.name, loc="left", weight="bold", fontsize=10.5)
                _draw(axes, one, look)
        figure.text(14 / width, 10 / total, foot, va="bottom", color=SECOND.light, linespacing=1.5)
        figure.savefig(draft, dpi=144, metadata=_metadata(path))


def _metadata(path: Path) -> dict[str, None] | None:
    """Nothing of the hour: the same rows give the same file."""
    return {"Date": None} if path.suffix == ".svg" else None


def _foot(standings: Sequence[Standing], look: Look, width: float) -> str:
    """What an image says below its charts."""
    said = "Hollow: what knows the future."
    if any(len(one.contest.sizes) > 1 for one in standings):
        said = "Dashed: the best of the offline policies, which know the future."
        said += " Dotted black: no policy can pass that bound." * any(s.bound for s in standings)
        if others := look.others(standings):
            said += f" Thin grey, dotted where offline: {', '.join(others)}."
    return "\n".join(wrap(said, int(width / 5.8)))
