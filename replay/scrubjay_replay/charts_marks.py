"""What is drawn in one chart: lines over cache sizes, or dots where there is one size."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from scrubjay_replay.contests import Entrant, Figure, Kind, Size
from scrubjay_replay.look import LEADER, LONG_NAME, REFERENCES, Look, axis, cut, height
from scrubjay_replay.palette import COLOURS, FAINT, GRID, INK, THIRD
from scrubjay_replay.standings import Standing

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "h")  # by colour: what colour alone may not tell
APART = 11.5  # points between two names
TICK = 46  # points between two labels of sizes


def places(sizes: Sequence[Size]) -> tuple[list[float], str]:
    """Sizes on the axis and their unit: shares, or bytes where these don't tell them apart."""
    shares = [size.fraction for size in sizes if size.fraction]
    if len(set(shares)) == len(sizes):
        volumes = ", and bytes" if any(size.volume for size in sizes) else ""
        return [100 * share for share in shares], f"share of the footprint{volumes}"
    return [max(size.rank, 1e-9) for size in sizes], "bytes"


def curves(axes: Axes, standing: Standing, look: Look) -> None:
    """One line a policy over cache sizes, the best offline figures dashed."""
    at, unit = places(standing.contest.sizes)
    _prepare(axes, standing, at, unit)
    ends: dict[str, tuple[float, str, str]] = {}
    for entrant in reversed(standing.order()):
        heights = [_mean(standing, entrant, size) for size in standing.contest.sizes]
        gid = f"line-{look.numbers[entrant.name]}"
        if entrant.name in look.colours:
            colour = COLOURS[look.colours[entrant.name]].light
            _highlight(axes, standing, entrant, look, at)
            if known := [h for h in heights if not math.isnan(h)]:
                ends[entrant.name] = known[-1], colour, f"name-{look.numbers[entrant.name]}"
        elif entrant.kind is not Kind.BOUND:
            dash: Any = "-" if entrant.kind.online else (0, (1, 2))
            axes.plot(at, heights, color=FAINT.light, lw=0.9, ls=dash, gid=gid, zorder=2)
    for goal, name, dashes in REFERENCES:
        if goal in standing.goals:
            best = [standing.goals[goal].get(size, math.nan) for size in standing.contest.sizes]
            line = [height(standing.measure, Figure(value, None, 1)) for value in best]
            number = look.bound(standing) if goal == "bound" else goal
            gid = f"line-{number}"
            axes.plot(at, line, color=INK.light, lw=1.5, ls=dashes, zorder=5, gid=gid)
            last = [h for h in line if not math.isnan(h)][-1]
            ends[name] = last, INK.light, f"name-{number}"
    _name_ends(axes, at[-1], ends)


def _mean(standing: Standing, entrant: Entrant, size: Size) -> float:
    figure = standing.cells[entrant, size].figure
    return height(standing.measure, figure) if figure else math.nan


def _highlight(
    axes: Axes, standing: Standing, entrant: Entrant, look: Look, at: list[float]
) -> None:
    index, number = look.colours[entrant.name], look.numbers[entrant.name]
    colour = COLOURS[index].light
    heights = [_mean(standing, entrant, size) for size in standing.contest.sizes]
    spread = [_half(standing, entrant, size) for size in standing.contest.sizes]
    if any(spread):
        low = [h - s for h, s in zip(heights, spread, strict=True)]
        high = [h + s for h, s in zip(heights, spread, strict=True)]
        axes.fill_between(at, low, high, color=colour, alpha=0.18, lw=0, gid=f"band-{number}")
    axes.plot(
        *(at, heights),
        color=colour,
        lw=1.8,
        ls="-" if entrant.kind is Kind.NATIVE else (0, (4, 1.5)),
        marker=MARKERS[index],
        ms=4,
        gid=f"line-{number}",
        zorder=4,
    )


def _half(standing: Standing, entrant: Entrant, size: Size) -> float:
    figure = standing.cells[entrant, size].figure
    return (figure.half_width or 0.0) * standing.measure.scale if figure else 0.0


def _prepare(axes: Axes, standing: Standing, at: list[float], unit: str) -> None:
    sizes, measure = standing.contest.sizes, standing.measure
    axes.set_xscale("log")
    ratio = (at[-1] / at[0]) ** 0.03
    axes.set_xlim(at[0] / ratio, at[-1] * ratio)
    axes.minorticks_off()
    shown = _labelled(axes, at)
    axes.set_xticks(at, [_size(size) if i in shown else "" for i, size in enumerate(sizes)])
    axes.set_xlabel(f"cache size ({unit}; log scale)", labelpad=3)
    _prepare_heights(axes, axis(measure))


def _prepare_heights(axes: Axes, name: str) -> None:
    axes.set_ylabel(name)
    axes.yaxis.set_major_locator(MaxNLocator(6))
    axes.grid(axis="y", color=GRID.light, lw=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(length=3)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)


def _labelled(axes: Axes, at: list[float]) -> set[int]:
    """Sizes that get a label: from the largest down, each far enough from the one before."""
    scale = extent(axes)[0] / math.log(at[-1] / at[0]) / 1.06
    shown, last = set(), math.inf
    for index in reversed(range(len(at))):
        place = math.log(at[index]) * scale
        if last - place >= TICK:
            shown.add(index)
            last = place
    return shown


def _size(size: Size) -> str:
    if not size.volume:
        return size.share
    count, unit = size.volume.replace(",", "").split()
    digits = 0 if float(count) >= 100 or count.endswith(".0") else len(count.partition(".")[2])
    volume = f"{float(count):.{digits}f} {unit}"
    return "\n".join(part for part in (size.share, volume) if part)


def _name_ends(axes: Axes, edge: float, ends: Mapping[str, tuple[float, str, str]]) -> None:
    """Names beside the ends of their lines, pushed apart, each with a leader in its colour."""
    low, high = axes.get_ylim()
    width, points = extent(axes)
    placed = apart(
        {name: (end[0] - low) / (high - low) * points for name, end in ends.items()}, APART, points
    )
    for name, (value, colour, gid) in ends.items():
        axes.annotate(
            cut(name),
            (edge, value),
            xytext=(1 + LEADER / width, placed[name] / points),
            textcoords="axes fraction",
            fontsize=9.2,
            va="center",
            gid=gid,
            arrowprops={"arrowstyle": "-", "color": colour, "lw": 0.9, "relpos": (0, 0.5)},
            annotation_clip=False,
        )


def extent(axes: Axes) -> tuple[float, float]:
    """Width and height in points."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    box = axes.get_window_extent()
    return box.width * 72 / figure.dpi, box.height * 72 / figure.dpi


def apart(wanted: Mapping[str, float], least: float, top: float) -> dict[str, float]:
    """The heights nearest to the wanted ones that are `least` apart and from 0 to `top`."""
    names = sorted(wanted, key=lambda name: wanted[name])
    groups: list[list[float]] = []  # neighbours that touch, each less its steps from the first
    for step, name in enumerate(names):
        groups.append([wanted[name] - step * least])
        while len(groups) > 1 and fmean(groups[-2]) >= fmean(groups[-1]):
            groups[-2:] = [groups[-2] + groups[-1]]
    room = max(0.0, top - (len(names) - 1) * least)
    bases = [min(max(fmean(group), 0.0), room) for group in groups for _ in group]
    return {name: base + i * least for i, (name, base) in enumerate(zip(names, bases, strict=True))}


def dots(axes: Axes, standing: Standing, look: Look) -> None:
    """One dot a policy, the best on top, where there is one size and so no curve."""
    (size,) = standing.contest.sizes
    order = list(reversed(standing.order()))
    axes.set_yticks(range(len(order)), [cut(entrant.name, LONG_NAME) for entrant in order])
    axes.set_ylim(-0.7, len(order) - 0.3)
    for place, entrant in enumerate(order):
        if figure := standing.cells[entrant, size].figure:
            _dot(axes, standing, entrant, look, (figure, place))
        else:
            axes.annotate(
                "no figure", (0.01, place), xycoords=("axes fraction", "data"), va="center"
            )
    at = ", ".join(part for part in (size.share, size.volume) if part)
    axes.set_xlabel(f"{axis(standing.measure)}\nat a cache size of {at}")
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.grid(axis="x", color=GRID.light, lw=0.8)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)


def _dot(
    axes: Axes, standing: Standing, entrant: Entrant, look: Look, at: tuple[Figure, int]
) -> None:
    figure, place = at
    index = look.colours.get(entrant.name)
    colour = THIRD.light if index is None else COLOURS[index].light
    offline = not entrant.kind.online
    axes.errorbar(
        height(standing.measure, figure),
        place,
        xerr=(figure.half_width or 0.0) * standing.measure.scale or None,
        color=INK.light if offline else colour,
        marker="o" if index is None else MARKERS[index],
        mfc="none" if offline else None,
        ms=5,
        lw=1.2,
        gid=f"line-{look.numbers[entrant.name]}",
    )
