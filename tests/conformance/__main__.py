"""Runs the public HTTP cache tests against Scrubjay and writes docs/conformance.md."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from conformance import suite
from conformance.judge import compare, count, judge, totals, worst
from conformance.process import SuiteError
from conformance.proxy import SETTINGS, scrubjay
from conformance.report import merge, section
from conformance.suite import expected_reasons

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "conformance.md"


def main() -> int:
    asked = _arguments()
    try:
        return _run(asked)
    except SuiteError as error:
        print(f"conformance: {error}", file=sys.stderr)
        return 2


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="conformance", description=__doc__)
    parser.add_argument(
        "--suite",
        type=Path,
        metavar="DIR",
        help="a checkout of github.com/http-tests/cache-tests; without it the npm edition is run",
    )
    parser.add_argument("--runs", type=int, default=1, help="a test must pass in each of them")
    parser.add_argument("--out", type=Path, default=PAGE, help="the page to write")
    return parser.parse_args()


def _run(asked: argparse.Namespace) -> int:
    cache = ROOT / "build" / "conformance"
    chosen = suite.git_edition(cache, asked.suite) if asked.suite else suite.npm_edition(cache)
    cases = suite.cases(chosen)
    reasons = expected_reasons(chosen.edition)
    runs = []
    for _ in range(asked.runs):
        with suite.origin(chosen) as port, scrubjay(port, chosen.edition) as base:
            runs.append(suite.run(chosen, base))
    verdicts = judge(cases, worst(runs))
    setting = ", ".join(f"`{name}={value}`" for name, value in SETTINGS[chosen.edition].items())
    setting = setting or "as it comes"
    text = section(chosen.edition, cases, verdicts, reasons, setting)
    page = asked.out.read_text() if asked.out.exists() else ""
    asked.out.write_text(merge(page, chosen.edition, text))
    for kind, (passed, total) in totals(count(cases, verdicts)).items():
        print(f"{kind:9} {passed:4} of {total}")
    difference = compare(cases, verdicts, reasons)
    for name in difference.broken:
        print(f"not passed: {name}: {verdicts[name].outcome} {verdicts[name].detail}")
    print(f"written to {asked.out}")
    return 1 if difference else 0


if __name__ == "__main__":
    sys.exit(main())
