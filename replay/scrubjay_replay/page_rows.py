"""What was run and every row of it, as HTML: whatever all rows share is said once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from html import escape

from scrubjay_replay.contests import Contest, is_done, text
from scrubjay_replay.page_tables import NOTHING, table
from scrubjay_replay.results import BY_NAME, COLUMNS, Row, Value
from scrubjay_replay.units import bytes_in_words

HASHES = frozenset({"trace_sha256", "model_sha256"})
ALWAYS = frozenset({"trace", "policy", "status"})  # never said once only


def shared(rows: Sequence[Row]) -> dict[str, Value]:
    """Columns that have the same value in every row."""
    found = {}
    for column in COLUMNS:
        values = {row[column.name] for row in rows}
        if len(values) == 1 and column.name not in ALWAYS and values != {None}:
            found[column.name] = values.pop()
    return found


def facts(rows: Sequence[Row]) -> str:
    """What all rows share, with its meaning."""
    items = [
        f"<dt>{name.replace('_', ' ')}</dt><dd>{escape(in_words(name, value))}"
        f' <span class="note">{escape(BY_NAME[name].meaning)}</span></dd>'
        for name, value in shared(rows).items()
    ]
    return f"<h3>The same in every row</h3><dl>{''.join(items)}</dl>" if items else ""


def traces(rows: Sequence[Row], judged: Sequence[Contest]) -> str:
    """One row a trace: what identifies it and how it was run."""
    names = ["trace", "requests scored", "footprint", "cache sizes", "policies", "seeds"]
    names += ["objectives"]
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    head += '<th scope="col" class="text">SHA-256 of the file</th>'
    by_trace: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_trace[text(row, "trace")].append(row)
    sizes = {trace: {s for c in judged if c.trace == trace for s in c.sizes} for trace in by_trace}
    body = []
    for trace, mine in by_trace.items():
        cells = [
            _span(mine, "requests"),
            _footprint(mine),
            ", ".join(str(size) for size in sorted(sizes[trace])),
            str(len({row["policy"] for row in mine})),
            _listed(mine, "seed"),
            _listed(mine, "objective"),
        ]
        digests = "<br>".join(escape(d) for d in _distinct(mine, "trace_sha256")) or NOTHING
        body.append(
            f'<tr><th scope="row">{escape(trace)}</th>'
            + "".join(f"<td>{escape(cell)}</td>" for cell in cells)
            + f'<td class="text digest"><code>{digests}</code></td></tr>'
        )
    return table(f"<tr>{head}</tr>", body)


def _distinct(rows: Sequence[Row], column: str) -> list[str]:
    return list(dict.fromkeys(text(row, column) for row in rows if row[column] is not None))


def _listed(rows: Sequence[Row], column: str) -> str:
    found = _distinct(rows, column)
    return ", ".join(found[:6]) + (f", … ({len(found)})" if len(found) > 6 else "") or NOTHING


def _span(rows: Sequence[Row], column: str) -> str:
    found = sorted({int(v) for row in rows if isinstance(v := row[column], int | float)})
    return " to ".join(f"{count:,}" for count in (found[:1] + found[1:][-1:])) or NOTHING


def _footprint(rows: Sequence[Row]) -> str:
    """From the largest cache: rounding hurts it least."""
    found = [
        (capacity, capacity / share)
        for row in rows
        if isinstance(capacity := row["capacity_bytes"], int | float)
        and isinstance(share := row["size_fraction"], float)
        and share > 0
    ]
    return f"about {bytes_in_words(max(found)[1])}" if found else NOTHING


def failures(rows: Sequence[Row]) -> str:
    """Rows without a figure, by policy and reason."""
    found: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        if not is_done(row):
            found[text(row, "policy"), text(row, "status")].append(row)
    if not found:
        return "<p>Every row has its figures.</p>"
    head = '<tr><th scope="col">policy</th><th scope="col">rows</th>'
    head += '<th class="text" scope="col">traces</th><th class="text" scope="col">status</th></tr>'
    body = [
        f'<tr><th scope="row">{escape(policy)}</th><td>{len(mine)}</td>'
        f'<td class="text long">{escape(", ".join(_distinct(mine, "trace")))}</td>'
        f'<td class="text long">{escape(status)}</td></tr>'
        for (policy, status), mine in found.items()
    ]
    return f"<h3>Rows without a figure</h3>{table(head, body)}"


def every_row(rows: Sequence[Row]) -> str:
    """All rows with the columns in which they differ, in the order they came."""
    once = shared(rows)
    columns = [
        column
        for column in COLUMNS
        if column.name not in once and any(row[column.name] is not None for row in rows)
    ]
    head = "".join(
        f'<th scope="col" title="{escape(c.meaning)}; {c.unit}"'
        f"{' class=text' if c.unit == 'text' else ''}>{c.name.replace('_', ' ')}</th>"
        for c in columns
    )
    body = []
    for row in rows:
        cells = [_cell(column.name, row[column.name]) for column in columns]
        body.append(f"<tr>{''.join(cells)}</tr>")
    shown = table(f"<tr>{head}</tr>", body, "sorted")
    return shown.replace('<div class="scroll">', '<div class="rows">', 1)


def _cell(name: str, value: Value) -> str:
    words = in_words(name, value)
    kind = ' class="text"' if BY_NAME[name].unit == "text" else ""
    if name in HASHES and value is not None:
        return f'<td{kind} title="{escape(words)}"><code>{escape(words[:12])}</code></td>'
    return f"<td{kind}>{escape(words)}</td>"


def in_words(name: str, value: Value) -> str:
    """A value as the last table has it: numbers bare, so that they sort."""
    if value is None:
        return NOTHING
    if isinstance(value, str):
        return value
    unit = BY_NAME[name].unit
    if unit in {"count", "bytes"} and name != "seed":
        return f"{value:,.0f}"
    if unit == "1/s":
        return f"{value:,.0f}"
    return f"{value:.6g}"
