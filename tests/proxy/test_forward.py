"""Forward mode: absolute targets, private addresses refused, tunnels to listed ports only."""

import asyncio

import pytest

from loopback.origin import ScriptedOrigin, reply
from scrubjay_proxy.forwarding import address_of, is_public
from scrubjay_proxy.upstream import Address

FRESH = "Cache-Control: max-age=60"
OPEN = {"proxy.forward": True, "proxy.forward_private": True, "proxy.origin": ""}
GUARDED = {"proxy.forward": True, "proxy.origin": ""}


async def test_an_absolute_target_is_fetched_and_cached(origin, start):
    origin.on("/a?x", reply(b"hello", FRESH))
    proxy = await start(OPEN)
    miss = await proxy.get(f"{origin.url}/a?x", "Host: ignored.example")
    hit = await proxy.get(f"HTTP{origin.url[4:]}/a?x")
    assert (miss.body, hit.body, miss.hit, hit.hit) == (b"hello", b"hello", False, True)
    assert origin.asked[0].get("host") == f"127.0.0.1:{origin.port}"
    assert len(origin.asked) == 1


async def test_an_absolute_target_without_a_path_is_the_root(origin, start):
    origin.on("/", reply(b"root"))
    origin.on("/?q", reply(b"query"))
    proxy = await start(OPEN)
    assert (await proxy.get(origin.url)).body == b"root"
    assert (await proxy.get(f"{origin.url}?q")).body == b"query"


async def test_forward_mode_is_off_by_default(origin, proxy):
    async with ScriptedOrigin() as other:
        await proxy.get(f"{other.url}/a")
        assert not other.asked
    assert origin.asked[0].target == "/a"


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
        "169.254.169.254",
        "10.0.0.1",
        "192.168.1.1",
    ],
)
async def test_private_targets_are_refused_however_they_are_spelt(origin, start, host):
    proxy = await start(GUARDED)
    answer = await proxy.get(f"http://{host}:{origin.port}/a")
    assert answer.status == 403
    assert not origin.asked


async def test_a_route_of_the_operator_may_be_private(origin, start):
    origin.on("/a", reply(b"hello"))
    proxy = await start({"proxy.forward": True})
    assert (await proxy.get(f"{origin.url}/a")).body == b"hello"
    assert (await proxy.get("/a")).body == b"hello"


async def test_an_unknown_name_is_502(start):
    proxy = await start(OPEN)
    assert (await proxy.get("http://no-such-host.invalid/")).status == 502


async def test_a_relative_target_without_a_route_is_421(start):
    proxy = await start(OPEN)
    assert (await proxy.get("/a")).status == 421


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("100.64.0.1", False),
        ("169.254.1.1", False),
        ("172.16.0.1", False),
        ("192.168.0.1", False),
        ("0.0.0.0", False),
        ("255.255.255.255", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fc00::1", False),
        ("ff02::1", False),
        ("::ffff:10.0.0.1", False),
        ("::ffff:93.184.216.34", True),
        ("2002:7f00:1::", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::a00:1", False),
        ("64:ff9b::5db8:d822", True),
        ("64:ff9b:1::7f00:1", False),
        ("::7f00:1", False),
        ("::ffff:224.0.0.1", False),
    ],
)
def test_which_addresses_are_public(address, public):
    assert is_public(address) is public


def test_an_authority_is_read_with_its_default_port():
    assert address_of("http", "A.example") == Address("http", "a.example", 80)
    assert address_of("https", "a.example") == Address("https", "a.example", 443)
    assert address_of("http", "[::1]:81") == Address("http", "::1", 81)
    assert address_of("http", "[::1]") == Address("http", "::1", 80)


# CONNECT


@pytest.fixture
async def echo():
    """A TCP server that answers each line with itself, and ends when told "bye"."""

    async def answer(reader, writer):
        while line := await reader.readline():
            writer.write(line)
            if line == b"bye\n":
                break
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def connect(port, host="127.0.0.1"):
    return f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode()


async def test_a_tunnel_relays_both_ways_until_one_side_ends(start, echo):
    proxy = await start({**OPEN, "proxy.connect_ports": [echo]})
    async with proxy.client() as client:
        await client.send(connect(echo) + b"early\n")
        established = await client.head()
        assert (established.status, established.get("content-length")) == (200, None)
        assert await client.reader.readline() == b"early\n"
        await client.send(b"GET / HTTP/1.1\nbye\n")
        assert await client.reader.readline() == b"GET / HTTP/1.1\n"
        assert await client.reader.readline() == b"bye\n"
        assert await client.ended()


async def test_a_tunnel_ends_when_the_client_leaves(start):
    ended = asyncio.Event()

    async def waiting(reader, writer):
        await reader.read()
        ended.set()
        writer.close()

    server = await asyncio.start_server(waiting, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        proxy = await start({**OPEN, "proxy.connect_ports": [port]})
        async with proxy.client() as client:
            await client.send(connect(port))
            await client.head()
        await asyncio.wait_for(ended.wait(), 5)


async def test_a_tunnel_carries_much_with_bounded_buffers(start):
    size = 8 * 2**20

    async def generous(reader, writer):
        writer.write(bytes(size))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(generous, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        proxy = await start({**OPEN, "proxy.connect_ports": [port]})
        async with proxy.client() as client:
            await client.send(connect(port))
            await client.head()
            assert len(await client.reader.readexactly(size)) == size
            assert await client.ended()


async def test_tunnels_go_to_listed_ports_only(start, echo):
    proxy = await start(OPEN)
    async with proxy.client() as client:
        await client.send(connect(echo))
        answer = await client.reply()
    assert answer.status == 403
    assert b"only 443" in answer.body


async def test_tunnels_do_not_lead_to_private_addresses(start, echo):
    proxy = await start({**GUARDED, "proxy.connect_ports": [echo]})
    for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]"):
        async with proxy.client() as client:
            await client.send(connect(echo, host))
            assert (await client.reply()).status == 403


async def test_a_tunnel_to_nobody_is_502(start):
    async with ScriptedOrigin() as gone:
        port = gone.port
    proxy = await start({**OPEN, "proxy.connect_ports": [port]})
    async with proxy.client() as client:
        await client.send(connect(port))
        assert (await client.reply()).status == 502
