"""What is remembered of No-Vary-Search, and what a purge looks for."""

import pytest

from exchanges import ask, fields
from scrubjay_proxy import searches as module
from scrubjay_proxy.control.running import Purge
from scrubjay_proxy.http.keys import parse_no_vary_search
from scrubjay_proxy.purging import purge_request, selector
from scrubjay_proxy.searches import Searches

PAGE = "http://example.com/p"
RULE = 'No-Vary-Search: params=("x")'


def learned(*lines, url=PAGE):
    searches = Searches()
    searches.learn(ask(url=url), fields(*lines))
    return searches


def test_a_rule_holds_for_its_path_alone():
    searches = learned(RULE)
    assert searches.key(ask(url=f"{PAGE}?x=1&y=2")) == searches.key(ask(url=f"{PAGE}?y=2"))
    for other in ("http://example.com/q", "http://example.org/p", "https://example.com/p"):
        assert searches.key(ask(url=f"{other}?x=1")) == f"{other}?x=1"


def test_learning_gives_the_rule_to_store_under():
    searches, asked = Searches(), ask(url=f"{PAGE}?x=1")
    assert searches.learn(asked, fields(RULE)) == parse_no_vary_search('params=("x")')
    assert searches.learn(asked, fields("No-Vary-Search: !")) is None
    assert searches.learn(asked, fields()) is None


def test_the_latest_answer_counts():
    searches = learned(RULE)
    searches.learn(ask(url=f"{PAGE}?y=1"), fields())
    assert searches.key(ask(url=f"{PAGE}?x=1")) == f"{PAGE}?x=1"


def test_without_rules_a_key_is_the_uri():
    assert Searches().key(ask(url=PAGE)) == PAGE
    assert Searches().key(ask(url=f"{PAGE}?x=1")) == f"{PAGE}?x=1"


def test_a_url_may_be_stored_with_and_without_the_rule():
    searches = learned(RULE)
    url = f"{PAGE}?x=1"
    assert searches.keys(url) == (url, searches.key(ask(url=url)))
    assert searches.keys("HTTP://Example.com:80/q?a#b") == ("http://example.com/q?a",)


def test_only_so_many_paths_are_remembered(monkeypatch):
    monkeypatch.setattr(module, "_MOST", 2)
    searches = Searches()
    for name in ("a", "b", "a", "c"):
        searches.learn(ask(url=f"http://h/{name}"), fields(RULE))
    remembered = [n for n in "abc" if searches.key(ask(url=f"http://h/{n}?x=1"))[-3:] != "x=1"]
    assert remembered == ["b", "c"]


def test_a_purge_looks_for_keys_paths_prefixes_and_tags():
    what = Purge(
        urls=("http://EXAMPLE.com/a", "/b"), prefixes=("http://Example.com/C",), tags=("t",)
    )
    found = selector(what, Searches())
    assert set(found.keys) == {"http://example.com/a", "https://example.com/a"}
    assert found.paths == ("/b",)
    assert set(found.prefixes) == {"http://example.com/C", "https://example.com/C"}
    assert found.tags == {"t"}


@pytest.mark.parametrize(
    ("lines", "purge"),
    [
        ([], Purge(urls=(PAGE,))),
        (["Purge-Type: soft"], Purge(urls=(PAGE,), soft=True)),
        (["Purge-Type: prefix"], Purge(prefixes=(PAGE,))),
        (["Purge-Type: Soft, Prefix"], Purge(prefixes=(PAGE,), soft=True)),
        (["Surrogate-Key: t"], Purge(tags=("t",))),
        (["Cache-Tag: t", "Purge-Type: soft"], Purge(tags=("t",), soft=True)),
    ],
)
def test_a_purge_request_means_its_tags_or_its_url(lines, purge):
    assert purge_request(ask(*lines, method="PURGE", url=PAGE)) == purge
