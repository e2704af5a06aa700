"""The judge and the page, on small made-up runs."""

import re
import sys

import pytest

from conformance.judge import (
    Case,
    Outcome,
    Verdict,
    compare,
    count,
    judge,
    totals,
    undecided,
    worst,
)
from conformance.process import SuiteError, announced
from conformance.report import merge, section
from conformance.suite import expected_reasons

CASES = [
    Case("base", "one", "check", "The base"),
    Case("on-base", "one", "required", "Builds on it", ("base",)),
    Case("on-that", "two", "required", "Builds on that", ("on-base",)),
    Case("alone", "two", "optimal", "Stands alone"),
]


def test_a_test_that_returned_true_passes():
    assert judge(CASES, {"alone": True})["alone"].passed


@pytest.mark.parametrize(
    ("result", "outcome"),
    [
        (["Assertion", "wrong"], Outcome.FAIL),
        (["TypeError", "fetch failed"], Outcome.FAIL),
        (["Setup", "not ready"], Outcome.SETUP),
        (["Setup", "retry"], Outcome.RETRY),
        (["AbortError", "late"], Outcome.TIMEOUT),
        (None, Outcome.ABSENT),
    ],
)
def test_each_error_has_its_outcome(result, outcome):
    assert judge(CASES, {"alone": result})["alone"].outcome is outcome


def test_a_pass_on_a_failed_dependency_is_no_pass_down_the_whole_chain():
    verdicts = judge(CASES, {"base": ["Assertion", "no"], "on-base": True, "on-that": True})
    assert verdicts["on-base"] == Verdict(Outcome.DEPENDS, "needs base")
    assert verdicts["on-that"] == Verdict(Outcome.DEPENDS, "needs on-base")


def test_tests_that_depend_on_each_other_do_not_pass_and_do_not_hang():
    ring = [Case("a", "g", "required", "", ("b",)), Case("b", "g", "required", "", ("a",))]
    assert not any(verdict.passed for verdict in judge(ring, {"a": True, "b": True}).values())


def test_a_pass_that_is_expected_to_fail_is_a_difference_too():
    results = {"base": True, "on-base": True, "on-that": ["Assertion", "no"], "alone": True}
    verdicts = judge(CASES, results)
    assert not compare(CASES, verdicts, {"on-that"})
    assert compare(CASES, verdicts, set()).broken == ("on-that",)
    assert compare(CASES, verdicts, {"on-that", "alone"}).mended == ("alone",)
    assert compare(CASES, verdicts, {"on-that", "gone"}).unknown == ("gone",)


def test_one_failure_in_several_runs_counts():
    merged = worst([{"a": True, "b": True}, {"a": True, "b": ["Assertion", "now and then"]}])
    assert merged == {"a": True, "b": ["Assertion", "now and then"]}


def test_what_a_busy_machine_prevented_is_asked_again_but_no_failure_is():
    results = {
        "a": True,
        "b": ["Setup", "retry"],
        "c": ["Assertion", "no"],
        "d": ["AbortError", ""],
    }
    assert undecided(results) == ["b", "d"]


def test_counts_add_up_to_the_number_of_tests():
    verdicts = judge(CASES, {"base": True, "on-base": True, "alone": True})
    counts = count(CASES, verdicts)
    assert counts["one"] == {"required": (1, 1), "optimal": (0, 0), "check": (1, 1)}
    assert totals(counts) == {"required": (1, 2), "optimal": (1, 1), "check": (1, 1)}


def test_the_page_replaces_the_section_of_one_edition_and_keeps_the_other():
    verdicts = judge(CASES, {"base": True, "on-base": True})
    git = section("git", CASES, verdicts, {}, "none")
    npm = section("npm", CASES, verdicts, {"on-that": "we know why"}, "`X=1`")
    page = merge(merge("", "npm", npm), "git", git)
    assert "- `on-that`: we know why" in page
    assert "- `on-that`: not run" in page
    assert page.index("Current edition") < page.index("Edition of January 2021")
    assert merge(page, "git", git) == page
    assert merge(page, "npm", npm) == page


@pytest.mark.parametrize("edition", ["npm", "git"])
def test_every_test_that_is_expected_to_fail_has_its_reason(edition: str):
    reasons = expected_reasons(edition)
    assert reasons
    assert all(reasons.values())


def test_a_process_that_never_says_its_port_is_told_with_its_output():
    command = [sys.executable, "-c", "print('no luck today')"]
    with (
        pytest.raises(SuiteError, match="no luck today"),
        announced(command, re.compile(r"port (\d+)")),
    ):
        pass
