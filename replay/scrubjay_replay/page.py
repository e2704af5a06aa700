"""A report as one HTML file that needs nothing else: no network, no script to be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from itertools import count

from scrubjay_replay import page_rows, page_tables
from scrubjay_replay.contests import Contest, contests
from scrubjay_replay.look import Look
from scrubjay_replay.page_trace import RATIOS, aims, section
from scrubjay_replay.palette import COLOURS, ROLES, highlighted
from scrubjay_replay.results import Row
from scrubjay_replay.standings import LATENCY, OBJECT, Measure, Standing, standing, summary

HOW = (
    "A cell is one trace at one cache size. The best is the best online policy there; ties count"
    " for all of them. Gaps are means over a policy's cells; those that lack cells come last, for"
    " theirs are means over other cells. Offline policies know the future and show what is left to"
    " gain: where objects differ in size the best of them is no proven optimum, and an online"
    " policy may pass it (a gap below 0). The bound is what no policy can pass."
)


@dataclass(frozen=True, slots=True)
class Report:
    """Rows judged, with one look for all charts."""

    rows: Sequence[Row]
    contests: Sequence[Contest]
    look: Look
    by: Measure  # what the order of policies and the first chart go by

    def judged(self, measure: Measure) -> list[Standing]:
        """The contests in which that measure has any figure."""
        found = (standing(contest, measure) for contest in self.contests)
        return [one for one in found if one.known]

    @property
    def measures(self) -> list[Measure]:
        """Hit ratios and latency, those with figures."""
        return [measure for measure in (*RATIOS, LATENCY) if self.judged(measure)]

    def grid(self) -> list[list[Standing]]:
        """The charts of an image: a row for each contest, hit ratios if there are any."""
        shown = [m for m in self.measures if m in RATIOS] or self.measures
        return [[standing(contest, measure) for measure in shown] for contest in self.contests]


def prepare(rows: Sequence[Row]) -> Report:
    """Judge rows; the colours go to those that do best by the first measure with figures."""
    found = contests(rows)
    judged = {m: [standing(c, m) for c in found] for m in (*RATIOS, LATENCY)}
    by = next((m for m, of in judged.items() if any(s.known for s in of)), OBJECT)
    lines = summary(judged[by])
    names = [line.name for line in lines] + [e.name for c in found for e in c.entrants]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return Report(rows, found, Look(highlighted(lines), numbers), by)


def page(report: Report) -> str:
    """The whole document."""
    names = [f"t{number}" for number in range(len(report.contests))]
    links = [("run", "What was run"), ("summary", "Summary")]
    links += [(name, c.name) for name, c in zip(names, report.contests, strict=True)]
    links += [("rows", "Every row")]
    nav = "".join(f'<a href="#{name}">{escape(title)}</a>' for name, title in links)
    title = f"Cache policies on {_count(len(report.contests), 'trace')}"
    ids = count()
    body = [_run(report), _summary(report)]
    body += [section(report.look, *both, ids) for both in zip(names, report.contests, strict=True)]
    body += [_rows(report)]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>\n{_colours()}{_asset('page.css')}</style></head>\n"
        f'<body>\n<header><h1>{title}</h1><p class="lead">{_lead(report)}</p></header>\n'
        f'<nav aria-label="Sections"><div>{nav}</div></nav>\n<main>\n'
        + "\n".join(body)
        + "\n</main>\n<footer>Made by scrubjay report.</footer>\n"
        f"<script>\n{_asset('page.js')}</script>\n</body></html>\n"
    )


def _asset(name: str) -> str:
    return files("scrubjay_replay").joinpath(name).read_text(encoding="utf-8")


def _colours() -> str:
    """The palette as variables, for light pages and dark ones."""
    named = {**ROLES, **{f"c{index}": colour for index, colour in enumerate(COLOURS)}}
    light = "".join(f"--{name}:{colour.light};" for name, colour in named.items())
    dark = "".join(f"--{name}:{colour.dark};" for name, colour in named.items())
    return f":root{{{light}}}\n@media (prefers-color-scheme: dark){{:root{{{dark}}}}}\n"


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def _lead(report: Report) -> str:
    """The result in a sentence for each ratio."""
    said = []
    for measure in report.measures[:2]:
        lines = [x for x in summary(report.judged(measure)) if x.kind.online]
        if lines:
            most = max(lines, key=lambda line: line.wins)
            cells = sum(len(s.best) for s in report.judged(measure))
            said.append(
                f"By {measure.name}, <b>{escape(most.name)}</b> is the best online policy in"
                f" {most.wins} of {_count(cells, 'cell')}."
            )
    return " ".join(said)


def _run(report: Report) -> str:
    rows = report.rows
    policies = {str(row["policy"]) for row in rows}
    repeated = sum(contest.repeated for contest in report.contests)
    again = (
        f" {_count(repeated, 'row')} repeat a cell and seed: the last one with figures counts."
        if repeated
        else ""
    )
    return (
        '<section id="run"><h2>What was run</h2>'
        f"<p>{_count(len(rows), 'row')}: {_count(len(policies), 'policy').replace('ys', 'ies')} on"
        f" {_count(len({row['trace'] for row in rows}), 'trace')}.{again}</p>"
        f'<div class="card">{page_rows.traces(rows, report.contests)}</div>'
        f'<div class="card">{page_rows.facts(rows)}</div>'
        f'<div class="card whole">{page_rows.failures(rows)}</div></section>'
    )


def _summary(report: Report) -> str:
    cards = []
    for measure in report.measures:
        judged = report.judged(measure)
        total = sum(len(one.contest.sizes) for one in judged)
        lines = summary(judged)
        without = ", ".join(line.name for line in lines if not line.cells)
        note = f" Without a figure: {escape(without)}." if without else ""
        some = [line for line in lines if line.cells]
        cards.append(
            f'<div class="card whole"><h3>{measure.name.capitalize()}</h3>'
            f'<p class="note">{aims(judged)}{note}</p>'
            f"{page_tables.summary(some, measure, total, report.look)}</div>"
        )
    return f'<section id="summary"><h2>Summary</h2><p>{HOW}</p>' + "".join(cards) + "</section>"


def _rows(report: Report) -> str:
    return (
        '<section id="rows"><h2>Every row</h2><p>As the result files have them, without what all'
        " rows share. A click on a column's head sorts; hover over it for its meaning.</p>"
        f'<div class="card whole">{page_rows.every_row(report.rows)}</div></section>'
    )
