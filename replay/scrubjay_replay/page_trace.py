"""One trace's part of a report's page."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import count

from scrubjay_replay import charts, page_tables
from scrubjay_replay.contests import Contest
from scrubjay_replay.look import Look, axis
from scrubjay_replay.standings import BYTE, LATENCY, OBJECT, Standing, standing

RATIOS = (OBJECT, BYTE)
AIMS = {"object": "object hits", "byte": "byte hits", "cost": "low origin cost"}
NOTES = {
    "staleness": "Hits older than what the origin had at that moment. Lower is better.",
    "revalidations": "Times the origin was asked whether an expired object is still good.",
}


def aims(judged: Sequence[Standing]) -> str:
    """What the policies of a table try to win, where it is not what the table counts."""
    found: dict[str, list[str]] = {}
    for one in judged:
        for aim, names in one.aims().items():
            found[aim] = list(dict.fromkeys([*found.get(aim, []), *names]))
    if len(found) == 1:
        (aim,) = found
        return f"Every row here aims at {AIMS.get(aim, 'nothing that it says')}."
    said = (f"{AIMS.get(aim, 'nothing said')}: {', '.join(n)}" for aim, n in found.items())
    return escape(f"The rows here aim at {'; '.join(said)}.")


def section(look: Look, anchor: str, contest: Contest, ids: count[int]) -> str:
    """Curves, figures, gaps, and latency and staleness where there are any; ids for the charts."""
    judged = [one for one in (standing(contest, m) for m in RATIOS) if one.known]
    parts = [f'<section class="contest" id="{anchor}"><h2>{escape(contest.name)}</h2>']
    if judged:
        parts.append(_pair([_chart(one, look, f"g{next(ids)}") for one in judged]))
        parts.append(f'<div class="card">{page_tables.legend(judged[0], look)}</div>')
        parts.append(_pair([_heat(one, look) for one in judged]))
        parts += [_gaps(one, look) for one in judged]
    else:
        parts.append("<p>No row of this trace has a hit ratio.</p>")
    latencies = [one for m in (LATENCY, page_tables.P99) if (one := standing(contest, m)).known]
    if latencies:
        parts.append(_pair([_chart(one, look, f"g{next(ids)}") for one in latencies]))
        parts.append(_latency(contest, look))
    parts += [_staleness(contest, look), "</section>"]
    return "\n".join(parts)


def _pair(cards: Sequence[str]) -> str:
    return f'<div class="pair">{"".join(cards)}</div>'


def _chart(one: Standing, look: Look, prefix: str) -> str:
    how = "Lower is better. Dashed: the best of the offline policies, which know the future."
    how += " Dotted: no policy can pass that bound." if one.bound else ""
    if len(one.contest.sizes) > 1:
        how += " Thin: all others." if look.others([one]) else ""
        how += " Point at a line or at a name to lift it out."
        how += " Bands: 95 % confidence over seeds." if _spread(one) else ""
        how += " The axis does not start at 0."
    else:
        how = "Further left is better. Hollow: what knows the future."
    name = axis(one.measure).partition(" (")[0]
    return (
        f'<figure class="card"><h3>{name.capitalize()} by cache size</h3>'
        f"{charts.inline(one, look, prefix)}<figcaption>{how} {aims([one])}</figcaption></figure>"
    )


def _spread(one: Standing) -> bool:
    return any(c.figure and c.figure.half_width is not None for c in one.cells.values())


def _heat(one: Standing, look: Look) -> str:
    return (
        f'<div class="card"><h3>{one.measure.name.capitalize()}, {one.measure.unit}</h3>'
        '<p class="note">Higher is better. The deeper the colour, the nearer to the best online'
        f" policy at that size (▸).{' ±: 95 % confidence over seeds.' if _spread(one) else ''}</p>"
        f"{page_tables.heat(one, look)}</div>"
    )


def _gaps(one: Standing, look: Look) -> str:
    return (
        f'<details class="card"><summary>Gaps by {one.measure.name} <span class="note">points'
        " below the best online policy, the best offline one and the bound, where there are"
        " such</span></summary>"
        f"{page_tables.gaps(one, look)}</details>"
    )


def _latency(contest: Contest, look: Look) -> str:
    measures = (LATENCY, page_tables.P50, page_tables.P95, page_tables.P99)
    shown = [
        f"<h3>{one.measure.name.capitalize()}, {one.measure.unit}</h3>"
        f"{page_tables.figures(one, look)}"
        for measure in measures
        if (one := standing(contest, measure)).known
    ]
    return (
        '<details class="card"><summary>Latency <span class="note">of the scored requests, in'
        " milliseconds; lower is better</span></summary>" + "".join(shown) + "</details>"
    )


def _staleness(contest: Contest, look: Look) -> str:
    """Shown where any row has them; a line where all are 0."""
    known = [
        one
        for measure in (page_tables.STALENESS, page_tables.REVALIDATIONS)
        if (one := standing(contest, measure)).known
    ]
    if not known:
        return ""
    if not any(c.figure and c.figure.mean for one in known for c in one.cells.values()):
        return '<p class="note">No stale hit and no revalidation in any row.</p>'
    shown = [
        f'<div class="card"><h3>{one.measure.name.capitalize()}, {one.measure.unit}</h3>'
        f'<p class="note">{NOTES[one.measure.column]}</p>{page_tables.plain(one, look)}</div>'
        for one in known
    ]
    return _pair(shown)
