"""Fields of one connection stay on it (RFC 9110, 7.6)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchanges import fields
from scrubjay_proxy.http.hops import FORWARDING, HOP_BY_HOP, end_to_end, storable_fields


@pytest.mark.parametrize("name", sorted(HOP_BY_HOP))
def test_a_field_of_the_connection_is_not_passed_on(name):
    assert end_to_end(fields(f"{name.title()}: x", "A: 1")) == fields("A: 1")


@pytest.mark.parametrize(
    ("listed", "left"),
    [
        ("close", ["A", "B", "Content-Length", "Host", "Date", "Age"]),
        ("a", ["B", "Content-Length", "Host", "Date", "Age"]),
        ("close, B , A,,", ["Content-Length", "Host", "Date", "Age"]),
        ("content-length, host, DATE, age", ["A", "B", "Content-Length", "Host", "Date", "Age"]),
        ("", ["A", "B", "Content-Length", "Host", "Date", "Age"]),
    ],
)
def test_what_connection_names_stays_here_but_for_what_holds_the_message_together(listed, left):
    lines = [f"{name}: 1" for name in ("A", "B", "Content-Length", "Host", "Date", "Age")]
    found = end_to_end(fields(*lines, f"Connection: {listed}"))
    assert [name for name, _ in found] == left


def test_connection_may_stand_on_several_lines():
    assert end_to_end(fields("A: 1", "Connection: close", "B: 2", "Connection: a")) == fields(
        "B: 2"
    )


def test_the_length_and_the_status_of_other_caches_are_not_stored():
    headers = fields("Content-Length: 5", "Cache-Status: x; hit", "Connection: y", "Y: 1", "Z: 2")
    assert storable_fields(headers) == fields("Z: 2")


def test_underscores_do_not_get_a_forwarding_field_through():
    assert {name.replace("-", "_") for name in FORWARDING} <= FORWARDING
    assert {"x-forwarded-for", "x_forwarded_host", "x-original-url"} <= FORWARDING


@given(st.lists(st.tuples(st.sampled_from(["a", "Connection", "TE", "host"]), st.text(max_size=9))))
def test_no_field_of_the_connection_is_ever_left(pairs):
    headers = fields(*(f"{name}: {value}" for name, value in pairs))
    assert not HOP_BY_HOP & {name.lower() for name, _ in end_to_end(headers)}
