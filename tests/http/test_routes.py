"""Which route a request takes."""

import pytest

from scrubjay_proxy.http.rules import Rules
from scrubjay_proxy.routes import Route, Routes, bare_host


def route(host="*", path="/", name="r"):
    return Route(name, None, Rules(), host=host, path=path)


@pytest.mark.parametrize(
    ("pattern", "host", "fits"),
    [
        ("*", "anything", True),
        ("*", "", True),
        ("example.com", "example.com", True),
        ("example.com", "www.example.com", False),
        ("example.com", "example.com.evil.org", False),
        ("*.example.com", "www.example.com", True),
        ("*.example.com", "a.b.example.com", True),
        ("*.example.com", "example.com", False),
        ("*.example.com", ".example.com", False),
        ("*.example.com", "notexample.com", False),
    ],
)
def test_a_host_fits_a_name_a_subdomain_or_any(pattern, host, fits):
    assert route(host=pattern).fits(host, "/") is fits


@pytest.mark.parametrize(
    ("prefix", "target", "fits"),
    [
        ("/", "/", True),
        ("/", "/a/b?c", True),
        ("/api", "/api", True),
        ("/api", "/api/", True),
        ("/api", "/api/x", True),
        ("/api", "/api?x", True),
        ("/api", "/apis", False),
        ("/api", "/", False),
        ("/api", "/x/api", False),
        ("/api/", "/api/x", True),
        ("/api/", "/api", True),
        ("/api", "/API", False),
    ],
)
def test_a_path_fits_a_prefix_of_whole_segments(prefix, target, fits):
    assert route(path=prefix).fits("h", target) is fits


def test_the_first_that_fits_is_taken():
    images = route("img.example.com", name="images")
    api = route(path="/api", name="api")
    rest = route(name="rest")
    routes = Routes([images, api, rest])
    assert routes.find("IMG.example.com:8080", "/api/x") is images
    assert routes.find("example.com", "/api/x") is api
    assert routes.find("example.com", "/") is rest
    assert routes.find("img.example.com", "/", named_only=True) is images
    assert routes.find("example.com", "/", named_only=True) is None
    assert Routes([images]).find("example.com", "/") is None


@pytest.mark.parametrize(
    ("host", "bare"),
    [("A.b", "a.b"), ("A.b:80", "a.b"), ("[::1]", "[::1]"), ("[::1]:80", "[::1]"), ("", "")],
)
def test_a_host_is_compared_without_its_port(host, bare):
    assert bare_host(host) == bare
