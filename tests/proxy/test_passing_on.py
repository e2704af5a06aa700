"""What passes through unchanged, and what a proxy must take out or put in."""

import pytest

from loopback.client import request
from loopback.origin import Gate, reply

FRESH = "Cache-Control: max-age=60"


@pytest.mark.parametrize("method", ["PROPFIND", "BREW", "QUERY", "M-SEARCH", "DELETE", "TRACE"])
async def test_methods_pass_whatever_they_are(origin, proxy, method):
    origin.on("/a", reply(b"brewed"))
    answer = await proxy.get("/a", method=method)
    assert (answer.status, answer.body) == (200, b"brewed")
    assert answer.cache == "scrubjay; fwd=method; fwd-status=200"
    assert origin.asked[0].method == method


async def test_options_for_the_server_as_a_whole_passes(origin, proxy):
    origin.on("*", reply(b"", "Allow: GET"))
    assert (await proxy.get("*", method="OPTIONS")).get("allow") == "GET"


async def test_max_forwards_is_counted_and_ends_here_at_zero(origin, proxy):
    origin.on("/a", reply(b"x"))
    await proxy.get("/a", "Max-Forwards: 5", method="OPTIONS")
    assert origin.asked[0].get("max-forwards") == "4"
    assert (await proxy.get("/a", "Max-Forwards: 0", method="OPTIONS")).status == 200
    assert len(origin.asked) == 1


@pytest.mark.parametrize("status", ["102 Processing", "103 Early Hints"])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_interim_answers_pass_at_once(origin, proxy, status, method):
    gate = Gate(reply(b"done", FRESH))

    async def hinting(exchange):
        await exchange.send(reply(b"", "Link: </a.css>; rel=preload", status=status))
        await gate(exchange)

    origin.on("/a", hinting)
    async with proxy.client() as client:
        await client.send(request("/a", method=method))
        hint = await client.head()
        assert (hint.status, hint.get("link")) == (int(status[:3]), "</a.css>; rel=preload")
        gate.open()
        assert (await client.reply()).body == b"done"


async def test_an_http_1_0_client_gets_no_interim_answer_and_no_chunks(origin, proxy):
    hints = reply(b"", status="103 Early Hints")
    origin.on("/a", hints + reply(b"hello", FRESH, chunked=True))
    answer = await proxy.get("/a", minor=0)
    assert (answer.body, answer.interim, answer.get("transfer-encoding")) == (b"hello", [], None)
    again = await proxy.get("/a", minor=0)
    assert (again.body, again.hit, again.get("content-length")) == (b"hello", True, "5")


@pytest.mark.parametrize("directives", ["no-store", "max-age=60"])
async def test_trailers_pass(origin, proxy, directives):
    async def trailing(exchange):
        head = f"HTTP/1.1 200 OK\r\nCache-Control: {directives}\r\nTransfer-Encoding: chunked"
        await exchange.send(
            head.encode() + b"\r\nTrailer: X-Sum\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 7\r\n\r\n"
        )

    origin.on("/a", trailing)
    answer = await proxy.get("/a", "TE: trailers")
    assert (answer.body, answer.trailers) == (b"hello", {"x-sum": "7"})


async def test_trailers_of_a_request_pass(origin, proxy):
    origin.on("/a", reply(b"x"))
    body = b"5\r\nhello\r\n0\r\nX-Sum: 7\r\n\r\n"
    await proxy.get("/a", "Transfer-Encoding: chunked", method="POST", body=body)
    assert (origin.asked[0].body, origin.asked[0].trailers) == (b"hello", b"X-Sum: 7\r\n")


async def test_fields_of_one_hop_end_here_in_both_directions(origin, proxy):
    hop = ["Connection: X-Private, keep-alive", "X-Private: 1", "Keep-Alive: 5", "TE: gzip"]
    origin.on("/a", reply(b"x", "X-Public: 1", "Proxy-Authenticate: Basic", *hop))
    answer = await proxy.get("/a", "X-Public: 1", "Proxy-Authorization: Basic x", *hop)
    for name in ("x-private", "keep-alive", "te", "proxy-authorization", "proxy-authenticate"):
        assert origin.asked[0].get(name) is None
        assert answer.get(name) is None
    assert origin.asked[0].get("x-public") == answer.get("x-public") == "1"


async def test_naming_host_or_content_length_in_connection_does_not_drop_them(origin, proxy):
    origin.on("/a", reply(b"x"))
    line = "Connection: close, Host, Content-Length"
    await proxy.get("/a", line, method="POST", body=b"abc")
    assert origin.asked[0].body == b"abc"
    assert origin.asked[0].get("host") == "site.example"


async def test_a_strangers_word_on_who_asks_is_replaced(origin, proxy):
    origin.on("/a", reply(b"x"))
    lies = [
        "X-Forwarded-For: 8.8.8.8",
        "X-Forwarded-Host: evil.example",
        "X-Forwarded-Proto: https",
        "X-Forwarded-Port: 1",
        "Forwarded: for=8.8.8.8",
        "X-Real-IP: 8.8.8.8",
        "X-Original-URL: /admin",
        "X-HTTP-Method-Override: DELETE",
    ]
    await proxy.get("/a", *lies)
    asked = origin.asked[0]
    assert asked.all("x-forwarded-for") == ["127.0.0.1"]
    assert asked.all("x-forwarded-host") == ["site.example"]
    assert asked.all("x-forwarded-proto") == ["http"]
    for name in ("forwarded", "x-real-ip", "x-original-url", "x-http-method-override"):
        assert asked.get(name) is None
    assert asked.get("x-forwarded-port") is None


async def test_via_and_cache_status_are_added_behind_those_before(origin, proxy):
    origin.on("/a", reply(b"x", "Via: 1.1 far", "Cache-Status: far; hit", FRESH))
    answer = await proxy.get("/a", "Via: 1.0 near")
    assert origin.asked[0].get("via") == "1.0 near, 1.1 scrubjay"
    assert answer.get("via") == "1.1 far, 1.1 scrubjay"
    assert (await proxy.get("/a")).get("via") == "1.1 far, 1.1 scrubjay"


async def test_a_get_with_a_body_is_passed_on_and_not_stored(origin, proxy):
    origin.on("/a", reply(b"x", FRESH))
    first = await proxy.get("/a", body=b"query")
    assert origin.asked[0].body == b"query"
    assert "detail=request-body" in first.cache
    assert not (await proxy.get("/a")).hit


async def test_repeated_fields_stay_apart(origin, proxy):
    origin.on("/a", reply(b"x", "Set-Cookie: a=1", "Set-Cookie: b=2"))
    answer = await proxy.get("/a")
    cookies = [value for name, value in answer.lines if name == "Set-Cookie"]
    assert cookies == ["a=1", "b=2"]


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET /a HTTP/1.1\r\n\r\n", 400),
        (b"GET /a HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET /a HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
        (b"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"CONNECT a.example HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"CONNECT a.example:443 HTTP/1.1\r\nHost: a\r\n\r\n", 405),
    ],
)
async def test_a_request_that_is_for_nobody_is_refused(origin, proxy, data, status):
    async with proxy.client() as client:
        await client.send(data)
        assert (await client.reply()).status == status
    assert not origin.asked


async def test_a_missing_host_is_allowed_in_http_1_0(origin, proxy):
    origin.on("/a", reply(b"x"))
    async with proxy.client() as client:
        await client.send(b"GET /a HTTP/1.0\r\n\r\n")
        assert (await client.reply()).status == 200
    assert origin.asked[0].get("host") == f"127.0.0.1:{origin.port}"


async def test_requests_of_one_connection_are_answered_in_order(origin, proxy):
    gate = Gate(reply(b"slow"))
    origin.on("/slow", gate)
    origin.on("/quick", reply(b"quick", FRESH))
    await proxy.get("/quick")
    async with proxy.client() as client:
        await client.send(request("/slow") + request("/quick"))
        await origin.seen(2)
        gate.open()
        assert [(await client.reply()).body for _ in range(2)] == [b"slow", b"quick"]
