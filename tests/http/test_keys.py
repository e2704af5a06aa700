"""Keys: what is merged is what the origin itself cannot, or says it does not, tell apart."""

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchanges import ask
from scrubjay_proxy.http.keys import (
    SearchRule,
    normal_host,
    normal_target,
    parse_no_vary_search,
    path_key,
    primary_key,
    variant_key,
)
from scrubjay_proxy.http.rules import TRACKING_PARAMETERS, KeyRules

PLAIN = KeyRules(drop=())


@pytest.mark.parametrize(
    ("target", "normal"),
    [
        ("/a", "/a"),
        ("/a?", "/a?"),
        ("/a?b=1&c=2", "/a?b=1&c=2"),
        ("/a?utm_source=x", "/a"),
        ("/a?utm_source=x&b=1&gclid=y", "/a?b=1"),
        ("/a?b=1&&fbclid", "/a?b=1&"),
        ("/a?UTM_source=x", "/a?UTM_source=x"),
        ("/a?xutm_source=1", "/a?xutm_source=1"),
        ("/a?gclid2=1", "/a?gclid2=1"),
        ("/a?utm%5Fsource=x", "/a?utm%5Fsource=x"),
        ("/a?q=utm_source", "/a?q=utm_source"),
        ("/a?utm_source=x;q=1", "/a?utm_source=x;q=1"),  # some origins see a q in it
        ("/a?=utm_x", "/a?=utm_x"),
        ("/utm_source=1", "/utm_source=1"),
        ("/a?b?utm_source=1", "/a?b?utm_source=1"),
    ],
)
def test_tracking_parameters_are_dropped_and_nothing_else(target, normal):
    assert normal_target(target, KeyRules()) == normal


@pytest.mark.parametrize("pattern", TRACKING_PARAMETERS)
def test_every_tracking_parameter_is_dropped(pattern):
    name = pattern.replace("*", "anything")
    assert normal_target(f"/a?{name}=1&q=2", KeyRules()) == "/a?q=2"


@pytest.mark.parametrize(
    ("rules", "target", "normal"),
    [
        (KeyRules(drop=(), keep=("id",)), "/a?x=1&id=2&y", "/a?id=2"),
        (KeyRules(drop=(), keep=("id",)), "/a?x=1", "/a"),
        (KeyRules(drop=(), keep=("p_*",)), "/a?p_1=1&q=2&p_2", "/a?p_1=1&p_2"),
        (KeyRules(drop=("id",), keep=("id", "q")), "/a?id=1&q=2", "/a?q=2"),
        (KeyRules(drop=("*",)), "/a?id=1&q=2", "/a"),
        (KeyRules(drop=("f[x]", "a?")), "/a?f[x]=1&fx=2&a?=3&ab=4", "/a?fx=2&ab=4"),
        (KeyRules(drop=(), sort=True), "/a?b=1&a=2&b=0", "/a?a=2&b=1&b=0"),
        (KeyRules(drop=("x",), sort=True), "/a?b=1&x&a", "/a?a&b=1"),
        (PLAIN, "/a?b=1&a=2", "/a?b=1&a=2"),
    ],
)
def test_a_route_may_keep_drop_and_sort(rules, target, normal):
    assert normal_target(target, rules) == normal


QUERY = st.text(alphabet="abu=&;%+_m?t", max_size=20)


@given(QUERY)
def test_normal_is_normal(query):
    for rules in (KeyRules(), PLAIN, KeyRules(sort=True), KeyRules(drop=("a*",), keep=("b", "a"))):
        once = normal_target(f"/p?{query}", rules)
        assert normal_target(once, rules) == once


@given(QUERY)
def test_without_rules_nothing_changes(query):
    assert normal_target(f"/p?{query}", PLAIN) == f"/p?{query}"


@given(QUERY)
def test_sorting_keeps_the_order_of_values_of_one_name(query):
    def values(target):
        found = {}
        for part in target.partition("?")[2].split("&"):
            found.setdefault(part.partition("=")[0], []).append(part)
        return found

    assert values(normal_target(f"/p?{query}", KeyRules(drop=(), sort=True))) == values(
        f"/p?{query}"
    )


@pytest.mark.parametrize(
    ("scheme", "host", "normal"),
    [
        ("http", "Example.COM", "example.com"),
        ("http", "example.com:80", "example.com"),
        ("https", "example.com:443", "example.com"),
        ("https", "example.com:80", "example.com:80"),
        ("http", "example.com:443", "example.com:443"),
        ("http", "example.com:8080", "example.com:8080"),
        ("http", "[2001:DB8::80]", "[2001:db8::80]"),
        ("http", "[::1]:80", "[::1]"),
        ("ws", "example.com:80", "example.com:80"),
        ("http", "", ""),
    ],
)
def test_a_host_is_one_however_it_is_written(scheme, host, normal):
    assert normal_host(scheme, host) == normal


@pytest.mark.parametrize(
    "other",
    [
        "http://example.com/A", "http://example.com/a?", "http://example.com/a/",
        "https://example.com/a", "http://example.com:81/a", "http://example.org/a",
        "http://example.com//a", "http://example.com/%61", "http://example.com./a",
    ],
)  # fmt: skip
def test_other_uris_have_other_keys(other):
    assert primary_key(ask(url=other)) != primary_key(ask(url="http://example.com/a"))


def test_the_key_is_the_uri():
    asked = ask(url="http://Example.com:80/a?b=1")
    assert primary_key(asked) == "http://example.com/a?b=1"
    assert path_key(asked) == "http://example.com/a"


# No-Vary-Search.


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("key-order", SearchRule(key_order=True)),
        ("key-order=?0", SearchRule()),
        ("params", SearchRule(all_ignored=True)),
        ("params=?0", SearchRule()),
        ('params=("a" "b")', SearchRule(named=frozenset("ab"))),
        ("params=()", SearchRule()),
        ('params, except=("a")', SearchRule(all_ignored=True, named=frozenset("a"))),
        ('params, except=("a"), key-order',
         SearchRule(key_order=True, all_ignored=True, named=frozenset("a"))),
        ("params, except=()", SearchRule(all_ignored=True)),
        ("", None),
        ("!", None),
        ("params=(a)", None),
        ("params=(1)", None),
        ('params="a"', None),
        ("params=1", None),
        ("key-order=1", None),
        ('except=("a")', None),
        ('params=("a"), except=("b")', None),
        ('params=?0, except=("b")', None),
        ("params, except", None),
        ('params, except="a"', None),
        ("params, except=(a)", None),
        ("params, unknown", None),
    ],
)  # fmt: skip
def test_no_vary_search_is_read(text, rule):
    assert parse_no_vary_search(text) == rule


def key(query, text):
    return primary_key(ask(url=f"http://h/p?{query}"), parse_no_vary_search(text))


@pytest.mark.parametrize(
    ("text", "one", "other", "same"),
    [
        ("key-order", "a=1&b=2", "b=2&a=1", True),
        ("key-order", "a=1&a=2", "a=2&a=1", False),
        ("key-order=?0", "a=1&b=2", "b=2&a=1", False),
        ('params=("x")', "a=1&x=2", "a=1", True),
        ('params=("x")', "a=1&x=2", "x=9&a=1&x", True),
        ('params=("x")', "a=1&X=2", "a=1", False),
        ('params=("x")', "a=1&y=2", "a=1", False),
        ('params=("x")', "%78=1", "", True),
        ("params", "a=1", "b=2", True),
        ('params, except=("a")', "a=1&b=2", "a=1&c=3", True),
        ('params, except=("a")', "a=1", "a=2", False),
        ('params, except=("a")', "a=1", "", False),
        ('params=("x")', "a=b c".replace(" ", "+"), "a=b%20c", True),
        ('params=("x")', "a=%2B", "a=+", False),
        ('params=("x")', "a=1%26b=2", "a=1&b=2", False),
        ('params=("x")', "a%3D1", "a=1", False),
        ('params=("x")', "a=%27", "a=%22", False),
        ('params=("x")', "a=%ff", "a=%fe", False),
        ('params=("x")', "a=%ff", "a=%EF%BF%BD", False),
        ('params=("x")', "a", "a=", True),
    ],
)
def test_a_query_is_seen_as_the_origin_says(text, one, other, same):
    assert (key(one, text) == key(other, text)) is same


@given(QUERY, QUERY)
def test_a_rule_that_ignores_nothing_merges_only_what_forms_do(one, other):
    if key(one, "key-order=?0") == key(other, "key-order=?0"):
        assert parse_qsl(one, True) == parse_qsl(other, True)


def test_a_rule_makes_a_key_that_no_uri_has():
    assert " " in key("a=1", "params")
    assert key("a=1", 'params=("b" "c")') != key("a=1", 'params=("b,c")')


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_text_raises(text, query):
    rule = parse_no_vary_search(text)
    variant_key(primary_key(ask(url=f"http://h/{query}"), rule), ()).encode(
        "utf-8", "surrogatepass"
    )


# Vary.
