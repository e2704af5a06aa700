"""Variants: which request fields tell responses of one URI apart (RFC 9111, 4.1)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchanges import fields
from scrubjay_proxy.http.keys import (
    normal_value,
    selecting,
    variant_key,
    vary_names,
)


@pytest.mark.parametrize(
    ("lines", "names"),
    [
        ([], ()),
        (["Vary:"], ()),
        (["Vary: , ,"], ()),
        (["Vary: Accept"], ("accept",)),
        (["Vary: b,A , b", "Vary: C"], ("a", "b", "c")),
        (["Vary: *"], ("*",)),
    ],
)
def test_the_selecting_fields_are_read(lines, names):
    assert vary_names(fields(*lines)) == names


@pytest.mark.parametrize(
    ("name", "one", "other"),
    [
        ("foo", "1, 2", "1,2"),
        ("foo", "1 ,\t2", "1, 2"),
        ("accept-language", "en, de", " en ,   de"),
        ("accept-language", "eN, De", "en, de"),
        ("accept-language", "de;q=0.5, en", "en;q=1.0,de; q=0.5"),
        ("accept-encoding", "gzip, br", "BR,gzip"),
        ("accept-encoding", "gzip, gzip", "gzip"),
        ("accept", "text/html; q=0.5, */*", "Text/HTML;q=0.5,*/*"),
    ],
)
def test_values_that_mean_the_same_are_one(name, one, other):
    assert normal_value(name, one) == normal_value(name, other)


@pytest.mark.parametrize(
    ("name", "one", "other"),
    [
        ("foo", "1", "2"),
        ("foo", "1, 2", "2, 1"),
        ("foo", "a", "A"),
        ("foo", "1 2", "12"),
        ("foo", "1,,2", "1,2"),
        ("foo", '"a, b"', '"a,b"'),
        ("cookie", "a=1, 2", "a=1,2"),
        ("user-agent", "A (B, C)", "A (B,C)"),
        ("authorization", "x y, z", "x y,z"),
        ("accept-language", "en", "en-GB"),
        ("accept-language", "en, de", "de, en"),  # RFC 9110, 12.5.4: for some a preference
        ("accept-language", "en;q=0.5", "en"),
        ("accept-language", "en;q=0.5, de;q=0.4", "en;q=0.4, de;q=0.5"),
        ("accept-encoding", "gzip;q=0", "gzip"),
        ("accept-encoding", "", "identity"),
        ("accept", "a/b;v=X", "a/b;v=x"),
        ("accept", 'a/b;p="x, y"', 'a/b;p="x,y"'),
        ("accept", "a/b, c/d", "c/d, a/b"),
    ],
)
def test_values_that_may_mean_something_else_are_two(name, one, other):
    assert normal_value(name, one) != normal_value(name, other)


@given(
    st.sampled_from(["foo", "accept", "accept-language", "accept-encoding"]), st.text(max_size=30)
)
def test_a_normal_value_is_its_own(name, text):
    once = normal_value(name, text)
    assert normal_value(name, once) == once


def test_an_absent_field_is_not_an_empty_one():
    assert selecting(("a",), fields()) != selecting(("a",), fields("A:"))


def test_lines_of_one_field_are_one_value():
    assert selecting(("foo",), fields("Foo: 1", "foo: 2")) == selecting(
        ("foo",), fields("Foo: 1,2")
    )


def test_a_field_that_connection_names_does_not_choose():
    hidden = fields("Accept-Language: de", "Connection: close, Accept-Language")
    assert selecting(("accept-language",), hidden) == ()
    assert selecting(("accept-language",), fields("Accept-Language: de", "Connection: close"))


@given(
    st.lists(st.tuples(st.sampled_from(["a", "b"]), st.text(max_size=5)), max_size=3, unique=True)
)
def test_variants_of_one_key_are_told_apart(chosen):
    one = variant_key("k", tuple(chosen))
    assert (one == "k") is (not chosen)
    assert one != variant_key("k", (*chosen, ("c", "")))
