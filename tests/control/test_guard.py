import pytest

from scrubjay_proxy.control.guard import is_local, refusal
from scrubjay_proxy.control.purging import purge_of
from scrubjay_proxy.control.running import Purge


def asked(method="GET", path="/api/stats", host="127.0.0.1:8081", origin="", auth="", token=""):
    refused = refusal(
        method=method, path=path, host=host, origin=origin, authorization=auth, token=token
    )
    return refused[0] if refused else None


def test_without_a_token_only_local_names_are_answered():
    assert asked() is None
    assert asked(host="localhost") is None
    assert asked(host="[::1]:8081") is None
    assert asked(host="evil.example:8081") == 403


def test_a_token_must_match_exactly():
    assert asked(token="t", auth="Bearer t", host="cache.example") is None
    assert asked(token="t", auth="Bearer T") == 401
    assert asked(token="t", auth="t") == 401
    assert asked(token="t") == 401
    assert asked(token="t", auth="Bearer ü") == 401


def test_health_is_open_to_everybody():
    for path in ("/healthz", "/readyz"):
        assert asked(path=path, token="t", host="evil.example") is None
    assert asked("POST", "/healthz", token="t") == 401


def test_a_page_of_another_site_may_not_change_anything():
    assert asked("POST", origin="http://evil.example") == 403
    assert asked("POST", origin="null") == 403
    assert asked("POST", origin="http://127.0.0.1:8081") is None
    assert asked("GET", origin="http://evil.example") is None


def test_a_purge_may_carry_the_host_of_a_site():
    assert asked("PURGE", "/news", host="www.example.com") is None


@pytest.mark.parametrize(
    ("host", "local"),
    [("127.0.0.1", True), ("127.0.0.1:1", True), ("localhost:1", True), ("[::1]", True),
     ("10.0.0.1:1", False), ("localhost.evil.example", False), ("", False)],
)  # fmt: skip
def test_local_is_a_name_or_number_of_this_machine(host, local):
    assert is_local(host) is local


def purge(host="www.example.com", kind="", tags=()):
    return purge_of(host=host, own_port=8081, target="/news?p=1", kind=kind, tags=tags)


def test_purge_means_the_site_of_its_host():
    urls = ("http://www.example.com/news?p=1",)
    assert purge() == Purge(urls=urls)
    assert purge(kind="soft") == Purge(urls=urls, soft=True)
    assert purge(kind="soft, prefix") == Purge(prefixes=urls, soft=True)


def test_purge_at_the_control_ports_own_name_means_every_host():
    assert purge("localhost:8081") == Purge(urls=("/news?p=1",))
    assert purge("") == Purge(urls=("/news?p=1",))
    assert purge("localhost:3000").urls[0] == "http://localhost:3000/news?p=1"


def test_tags_win_over_the_path():
    assert purge(tags=("a", "b")) == Purge(tags=("a", "b"))


def test_a_prefix_without_a_site_is_refused():
    with pytest.raises(ValueError, match="name the site"):
        purge("localhost:8081", kind="prefix")
