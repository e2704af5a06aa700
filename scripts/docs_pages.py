"""Writes the generated parts of docs/ from what the program itself declares.

    python scripts/docs_pages.py

A part stands between `<!-- generated: NAME -->` and `<!-- end -->`; a test compares.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from scrubjay_proxy.metrics import METRICS, Metric
from scrubjay_proxy.sections import RouteSection
from scrubjay_proxy.settings import Settings
from scrubjay_replay.results import COLUMNS

DOCS = Path(__file__).parents[1] / "docs"
PART = re.compile(r"(<!-- generated: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)

# A list this long is better explained than repeated in a table.
LONG_DEFAULT = 60


def pages() -> dict[Path, str]:
    """Each page with generated parts, as it should be."""
    parts = {
        "settings": settings_part(),
        "metrics": metrics_part(),
        "results": results_part(),
    }
    found = {}
    for page in sorted(DOCS.glob("*.md")):
        text = page.read_text(encoding="utf-8")
        if PART.search(text):
            found[page] = PART.sub(lambda part: part[1] + parts[part[2]] + part[3], text)
    return found


def settings_part() -> str:
    return "\n".join(settings_lines()) + "\n"


def settings_lines() -> Iterator[str]:
    defaults = Settings().model_dump(mode="json")
    for name in Settings.model_fields:
        if isinstance(defaults[name], dict):
            kind = type(getattr(Settings(), name))
            yield from (f"### `[{name}]`", "")
            yield from table(kind, defaults[name])
    yield from ("### `[[routes]]`", "")
    yield from table(RouteSection, route_defaults())


def route_defaults() -> dict[str, Any]:
    made = RouteSection(name="name", origin="http://origin.example").model_dump(mode="json")
    needed = {
        name
        for name, field in RouteSection.model_fields.items()
        if field.get_default(call_default_factory=True) is PydanticUndefined
    }
    return {name: ... if name in needed else value for name, value in made.items()}


def table(kind: type[BaseModel], defaults: dict[str, Any]) -> Iterator[str]:
    yield from ("| key | default | meaning |", "|---|---|---|")
    for name, field in kind.model_fields.items():
        meaning = (field.description or "").replace("|", "\\|")
        yield f"| `{name}` | {shown(defaults[name])} | {meaning} |"
    yield ""


def shown(value: Any) -> str:
    """A default as one would write it in the file."""
    if value is ...:
        return "required"
    if value is None or value == "":
        return "empty"
    text = json.dumps(value)
    return f"`{text}`" if len(text) <= LONG_DEFAULT else f"{len(value)} names"


def results_part() -> str:
    rows = "".join(f"| `{one.name}` | {one.unit} | {one.meaning} |\n" for one in COLUMNS)
    return f"| column | unit | meaning |\n|---|---|---|\n{rows}"


def metrics_part() -> str:
    rows = "".join(map(metric_row, METRICS))
    return f"| name | kind | labels | meaning |\n|---|---|---|---|\n{rows}"


def metric_row(metric: Metric) -> str:
    labels = ", ".join(
        f"`{label.name}`" + (f" ({', '.join(label.values)})" if label.values else "")
        for label in metric.labels
    )
    return f"| `{metric.name}` | {metric.kind} | {labels} | {metric.help} |\n"


def main() -> int:
    for page, text in pages().items():
        if page.read_text(encoding="utf-8") != text:
            page.write_text(text, encoding="utf-8")
            print(f"written: {page.relative_to(DOCS.parent)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
