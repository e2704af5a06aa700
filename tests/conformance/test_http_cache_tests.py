"""The npm edition of the public HTTP cache tests, against a Scrubjay in its own process."""

from pathlib import Path

import pytest

from conformance import suite
from conformance.judge import compare, judge
from conformance.proxy import scrubjay

CACHE = Path(__file__).parents[2] / "build" / "conformance"


@pytest.mark.conformance
@pytest.mark.timeout(400)
def test_all_required_and_optimal_tests_pass_but_those_with_a_reason():
    npm = suite.npm_edition(CACHE)
    cases = suite.cases(npm)
    with suite.origin(npm) as port, scrubjay(port, "npm") as base:
        results = suite.run(npm, base)
    verdicts = judge(cases, results)
    difference = compare(cases, verdicts, suite.expected_reasons("npm"))
    told = {name: verdicts[name] for name in difference.broken}
    assert not difference, f"{difference}\n{told}"
