"""Structured fields: what is well-formed is read, everything else is nothing (RFC 9651)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrubjay_proxy.http.structured import Token, parse_dictionary, parse_list, strings


@pytest.mark.parametrize(
    ("text", "members"),
    [
        ("", {}),
        ("   ", {}),
        ("a", {"a": True}),
        ("a=1", {"a": 1}),
        ("a=-7", {"a": -7}),
        ("a=123456789012345", {"a": 123456789012345}),
        ("a=1.5", {"a": 1.5}),
        ('a="x, \\"y\\" \\\\"', {"a": 'x, "y" \\'}),
        ("a=token/1:2", {"a": "token/1:2"}),
        ("a=?1, b=?0", {"a": True, "b": False}),
        ('a=("x" "y")', {"a": ("x", "y")}),
        ("a=(  1 2.5   z ?1 )", {"a": (1, 2.5, "z", True)}),
        ("a=()", {"a": ()}),
        ("a;p=1;q, b=2;r", {"a": True, "b": 2}),
        ('a=("x";p=1 "y");q', {"a": ("x", "y")}),
        ("a=1 ,\t b=2", {"a": 1, "b": 2}),
        ("a=1,a=2", {"a": 2}),
        ("*x_-.9=1", {"*x_-.9": 1}),
        ('a=:aGk=:, b=@-5, c=%"caf%c3%a9"', {"a": ":aGk=:", "b": "@-5", "c": '%"caf%c3%a9"'}),
    ],
)  # fmt: skip
def test_a_dictionary_is_read(text, members):
    assert parse_dictionary(text) == members


@pytest.mark.parametrize(
    "text",
    [
        ",",
        "a,",
        "a,,b",
        "a=",
        "a= 1",
        "a =1",
        "A=1",
        "1=1",
        "a b",
        "a=1.",
        "a=.5",
        "a=1.2345",
        "a=1234567890123456",
        "a=1234567890123.5",
        "a=--1",
        "a=\u0661",
        'a="open',
        'a="\\x"',
        'a="\u00e9"',
        "a=?2",
        "a=?",
        "a=(1",
        "a=(1,2)",
        'a=("x""y")',
        "a=((1))",
        "a;",
        "a;=1",
        "a;p=",
        "a=:a-b:",
        'a=%"%zz"',
        "a=1;p=(1)",
    ],
)
def test_what_is_malformed_is_no_dictionary(text):
    assert parse_dictionary(text) is None


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("", []),
        ('"a", "b"', ["a", "b"]),
        ('"a";p=1, c', ["a", "c"]),
        ("1, (2 3)", [1, (2, 3)]),
        ('"a",', None),
        ('"a" "b"', None),
        ("'a'", None),
    ],
)
def test_a_list_is_read_or_is_none(text, items):
    assert parse_list(text) == items


def test_a_token_is_no_string():
    one, other = parse_list('a, "a"')
    assert (isinstance(one, Token), isinstance(other, Token)) == (True, False)
    assert strings(["a", "b"]) == ("a", "b")
    assert strings([one]) is None
    assert strings(["a", 1]) is None
    assert strings([]) == ()


@given(st.text(alphabet='aA1 ,;=?"\\()*:@%.-\t\xe9', max_size=30) | st.text(max_size=30))
def test_no_text_raises(text):
    for parse in (parse_dictionary, parse_list):
        parse(text)


@given(st.lists(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126))))
def test_strings_are_read_back_as_they_were(values):
    quoted = ('"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' for value in values)
    assert parse_list(", ".join(quoted)) == values
