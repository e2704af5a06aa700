"""docs/conformance.md: one section for each edition of the suite, replaced when it was run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from conformance.judge import KINDS, Case, Verdict, count, totals

TITLE = """# Conformance

Results of the public HTTP cache tests (the ones behind cache-tests.fyi) against Scrubjay.
This page is written by `make conformance` and `make conformance SUITE=checkout`; do not edit it.

*required*: the specification demands it. *optimal*: a cache could do better. *check*: a
question, either answer is right. A test whose dependency did not pass is not a pass.
"""

ORDER = ("git", "npm")
NAMES = {
    "git": "Current edition (git repository http-tests/cache-tests)",
    "npm": "Edition of January 2021 (npm package http-cache-tests 0.4.5)",
}


def section(
    edition: str,
    cases: Sequence[Case],
    verdicts: Mapping[str, Verdict],
    reasons: Mapping[str, str],
    setting: str,
) -> str:
    """The section of one edition: counts per group, then each test that did not pass, and why."""
    return "\n".join(_section(edition, cases, verdicts, reasons, setting)) + "\n"


def _section(
    edition: str,
    cases: Sequence[Case],
    verdicts: Mapping[str, Verdict],
    reasons: Mapping[str, str],
    setting: str,
) -> Iterator[str]:
    counts = count(cases, verdicts)
    yield from (f"## {NAMES[edition]}", "", f"Settings: {setting}.", "")
    yield "| group | " + " | ".join(KINDS) + " |"
    yield "|---|" + "---:|" * len(KINDS)
    for group, row in counts.items():
        yield f"| {group} | " + " | ".join(_cell(*row[kind]) for kind in KINDS) + " |"
    whole = totals(counts)
    yield "| **all** | " + " | ".join(f"**{_cell(*whole[kind])}**" for kind in KINDS) + " |"
    for kind in ("required", "optimal"):
        lacking = [case for case in cases if case.kind == kind and not verdicts[case.id].passed]
        if lacking:
            yield from ("", f"### {kind.capitalize()}, not passed: {len(lacking)}", "")
        for case in lacking:
            yield f"- `{case.id}`: {_why(verdicts[case.id], reasons.get(case.id))}"


def _cell(passed: int, total: int) -> str:
    return f"{passed}/{total}" if total else "-"


def _why(verdict: Verdict, reason: str | None) -> str:
    return reason or ": ".join(filter(None, (verdict.outcome.value, verdict.detail)))


def merge(page: str, edition: str, text: str) -> str:
    """The page with the section of this edition put in or replaced."""
    sections = {edition: text}
    for other in ORDER:
        heading = re.escape(f"## {NAMES[other]}")
        found = re.search(rf"^{heading}\n.*?(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
        if found and other != edition:
            sections[other] = found[0].rstrip("\n") + "\n"
    return "\n".join([TITLE, *(sections[name] for name in ORDER if name in sections)])
