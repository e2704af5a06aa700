"""The tables of a report's page, as HTML."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from statistics import fmean, median

from scrubjay_replay.contests import Cell, Entrant, Kind, Size
from scrubjay_replay.look import Look
from scrubjay_replay.standings import NEAR, Line, Measure, Standing

NOTHING = "–"  # noqa: RUF001
P50 = Measure("latency_p50", "median latency", "ms", "cost", 1000.0, high=False)
P95 = Measure("latency_p95", "95th percentile of latency", "ms", "cost", 1000.0, high=False)
P99 = Measure("latency_p99", "99th percentile of latency", "ms", "cost", 1000.0, high=False)
STALENESS = Measure("staleness", "stale hits", "% of hits", "object", high=False)
REVALIDATIONS = Measure("revalidations", "revalidations", "count", "object", 1.0, False, 0)


def table(head: str, body: Sequence[str], kind: str = "", caption: str = "") -> str:
    """Rows of cells that are HTML already, in a frame that scrolls by itself."""
    said = f"<caption>{caption}</caption>" if caption else ""
    return (
        f'<div class="scroll"><table class="{kind}">{said}<thead>{head}</thead>\n'
        f"<tbody>{chr(10).join(body)}</tbody></table></div>"
    )


def key(name: str, kind: Kind, look: Look) -> str:
    """A bit of the policy's line."""
    index = look.colours.get(name)
    if kind is Kind.BOUND:
        return '<span class="key dots ink"></span>'
    styles = ["key"]
    if kind is Kind.OFFLINE or (index is not None and kind is Kind.BASELINE):
        styles.append("dash")
    if index is None:
        styles.append("thin")
    colour = "" if index is None else f' style="--k:var(--c{index})"'
    return f'<span class="{" ".join(styles)}"{colour}></span>'


def legend(standing: Standing, look: Look) -> str:
    """Every policy of a contest with its line, in order."""
    items = [
        f'<li data-p="{look.numbers[entrant.name]}">'
        f"{key(entrant.name, entrant.kind, look)}{escape(entrant.name)}</li>"
        for entrant in standing.order()
    ]
    if standing.offline:
        items.append('<li><span class="key dash ink"></span>best offline</li>')
    return f'<ul class="legend">{"".join(items)}</ul>'


def heading(size: Size) -> str:
    """A cache size as a column's head."""
    small = f"<small>{size.volume}</small>" if size.share and size.volume else ""
    return f"{size}{small}"


def _row(entrant: Entrant, look: Look, cells: Sequence[str], *, apart: bool) -> str:
    first = f'<th scope="row">{key(entrant.name, entrant.kind, look)}{escape(entrant.name)}</th>'
    kind = ' class="apart"' if apart else ""
    return f"<tr{kind}>{first}{''.join(cells)}</tr>"


def by_size(
    standing: Standing, look: Look, cell: Callable[[Entrant, Size], str], kind: str = ""
) -> str:
    """Policies down, sizes across, offline ones below a line."""
    head = "".join(f'<th scope="col">{heading(size)}</th>' for size in standing.contest.sizes)
    body, before = [], False
    for entrant in standing.order():
        cells = [cell(entrant, size) for size in standing.contest.sizes]
        starts = before and not entrant.kind.online
        body.append(_row(entrant, look, cells, apart=starts))
        before = entrant.kind.online
    return table(f'<tr><th scope="col">policy</th>{head}</tr>', body, kind)


def said(measure: Measure, cell: Cell) -> str:
    """A figure with its spread, and what is amiss; a dash for a row that is not there."""
    amiss = escape("; ".join(cell.troubles))
    mark = f' <span class="none" title="{amiss}">{_brief(amiss)}</span>' if amiss else ""
    if cell.figure is None:
        return mark.strip() or NOTHING
    spread = cell.figure.half_width
    more = "" if spread is None else f" <small>±{measure.shown(spread)}</small>"
    return f"{measure.shown(cell.figure.mean)}{more}{mark}"


def _brief(status: str) -> str:
    return status if len(status) <= 10 else f"{status.split(maxsplit=1)[0].rstrip(':')[:9]}…"


def heat(standing: Standing, look: Look) -> str:
    """Figures; the deeper the colour, the nearer to the best online one at that size."""
    scale = {size: _scale(standing, size) for size in standing.contest.sizes}

    def cell(entrant: Entrant, size: Size) -> str:
        gap = standing.short_of(standing.best, entrant, size)
        words = said(standing.measure, standing.cells[entrant, size])
        if gap is None:
            return f"<td>{words}</td>"
        share = 1.0 if gap <= 0 else max(0.0, 1 - gap / scale[size])
        won = ' class="best"' if standing.won(entrant, size) else ""
        return f'<td{won} style="--s:{share:.2f}">{words}</td>'

    return by_size(standing, look, cell, "heat")


def _scale(standing: Standing, size: Size) -> float:
    """The gap that has no colour: twice the median one, so that one outlier pales only itself."""
    found = [
        gap
        for entrant in standing.entrants
        if entrant.kind.online
        and (gap := standing.short_of(standing.best, entrant, size)) is not None
    ]
    return 2 * median(found or [0.0]) or max(found, default=0.0) or 1.0


def figures(standing: Standing, look: Look) -> str:
    """Figures, the best marked."""

    def cell(entrant: Entrant, size: Size) -> str:
        won = ' class="best"' if standing.won(entrant, size) else ""
        return f"<td{won}>{said(standing.measure, standing.cells[entrant, size])}</td>"

    return by_size(standing, look, cell)


def plain(standing: Standing, look: Look) -> str:
    """Figures where less is not better."""
    return by_size(
        standing,
        look,
        lambda entrant, size: f"<td>{said(standing.measure, standing.cells[entrant, size])}</td>",
    )


def gaps(standing: Standing, look: Look) -> str:
    """How far each stays below the best, the offline ones and the bound: by size, and the mean."""
    sizes, measure = standing.contest.sizes, standing.measure
    names, goals = [*standing.goals], [*standing.goals.values()]
    over = "".join(
        f'<th scope="colgroup" colspan="{len(goals)}">{words}</th>'
        for words in ("mean", *map(heading, sizes))
    )
    head = (
        f'<tr><th rowspan="2" scope="col">policy</th>{over}</tr><tr class="sub">'
        + "".join(f'<th scope="col">{name}</th>' for _ in (None, *sizes) for name in names)
        + "</tr>"
    )
    body, before = [], False
    for entrant in standing.order():
        found = [fmean(known) if (known := standing.gaps(g, entrant)) else None for g in goals]
        found += [standing.short_of(goal, entrant, size) for size in sizes for goal in goals]
        cells = [f"<td>{points(measure, gap)}</td>" for gap in found]
        starts = before and not entrant.kind.online
        body.append(_row(entrant, look, cells, apart=starts))
        before = entrant.kind.online
    return table(head, body, "gaps")


def points(measure: Measure, gap: float | None) -> str:
    """A gap in points; what is better than the goal has a minus."""
    if gap is None:
        return NOTHING
    return measure.shown(0.0 if abs(gap) * measure.scale < 0.005 else gap).replace(
        "-", "\N{MINUS SIGN}"
    )


def summary(lines: Sequence[Line], measure: Measure, total: int, look: Look) -> str:
    """Over all traces and sizes: who wins how often, and how far each stays behind."""
    unit = "points" if measure.high else measure.unit
    goals = [
        name
        for name, kind in (("offline", Kind.OFFLINE), ("the bound", Kind.BOUND))
        if any(line.kind is kind for line in lines)
    ]
    heads = [
        *("policy", "best in", f"within {NEAR:g} points"),
        *(f"mean gap to the best, {unit}", f"largest, {unit}"),
        *(f"mean gap to {name}, {unit}" for name in goals),
        "cells",
    ]
    if not measure.high:
        heads[2] = f"within {NEAR:g} ms"
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    top = max((line.to_best or 0.0 for line in lines), default=0.0)
    body = []
    for place, line in enumerate(lines):
        offline = not line.kind.online
        starts = offline and place > 0 and lines[place - 1].kind.online
        gaps_to = {"offline": line.to_offline, "the bound": line.to_bound}
        cells = [
            f"<td>{NOTHING if offline else line.wins}</td>",
            f"<td>{NOTHING if offline else line.near}</td>",
            f'<td class="bars">{_bar(measure, line.to_best, top)}</td>',
            *(f"<td>{points(measure, gap)}</td>" for gap in (line.worst, *map(gaps_to.get, goals))),
            f"<td>{line.cells} of {total}</td>",
        ]
        entrant = Entrant(line.name, line.name, line.kind)
        body.append(_row(entrant, look, cells, apart=starts))
    return table(f"<tr>{head}</tr>", body, "summary")


def _bar(measure: Measure, gap: float | None, top: float) -> str:
    width = 0 if not gap or gap < 0 or not top else round(72 * gap / top)
    return f'<span>{points(measure, gap)}</span><span class="bar" style="width:{width}px"></span>'
