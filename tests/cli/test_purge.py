import asyncio
import socket
from collections.abc import Callable

import pytest

from scrubjay_proxy.cli import main
from scrubjay_proxy.control.api import create_api
from scrubjay_proxy.control.running import Purge, Usage
from scrubjay_proxy.control.serve import ControlServer
from scrubjay_proxy.meter import Meter
from scrubjay_proxy.quantities import Address
from scrubjay_proxy.settings import Settings


class Purged:
    """Of a running proxy only what purging touches."""

    draining = False

    def __init__(self, token: str = "") -> None:
        self.settings = Settings.load(None, {"control.token": token})
        self.meter = Meter()
        self.purges: list[Purge] = []

    def policy_name(self) -> str:
        return "lru"

    def use_policy(self, name: str) -> None:
        raise NotImplementedError

    def ready(self) -> dict[str, str]:
        return {}

    async def purge(self, what: Purge) -> int:
        self.purges.append(what)
        return 2

    def usage(self) -> Usage:
        return Usage(0, 0, 0)


async def ended(words: list[str]) -> int:
    def run() -> int:
        try:
            main(words)
        except SystemExit as end:
            return int(end.code or 0)
        return 0

    return await asyncio.to_thread(run)


async def purge_at(running: Purged, *words: str) -> int:
    async with ControlServer(create_api(running), Address("127.0.0.1", 0)) as control:
        return await ended(["purge", *words, "--control", f"127.0.0.1:{control.port}"])


async def test_url_tag_and_prefix_reach_the_proxy(capsys):
    running = Purged()
    words = ("/a", "--tag", "t", "--tag", "u", "--prefix", "http://h/p", "--soft")
    assert await purge_at(running, *words) == 0
    assert running.purges == [Purge(("/a",), ("t", "u"), ("http://h/p",), soft=True)]
    assert capsys.readouterr().out == "2 marked stale\n"


async def test_the_token_comes_from_the_settings(capsys, monkeypatch):
    assert await purge_at(Purged("s3cret"), "/a") == 1
    assert "control.token" in capsys.readouterr().err
    monkeypatch.setenv("SCRUBJAY_CONTROL__TOKEN", "s3cret")
    assert await purge_at(Purged("s3cret"), "/a") == 0


async def test_what_the_proxy_refuses_is_one_line(capsys):
    assert await purge_at(Purged(), "example.com") == 1
    err = capsys.readouterr().err
    assert 'expected "https://host/path"' in err
    assert len(err.splitlines()) == 1


def test_nothing_to_purge_is_wrong_use(scrubjay: Callable[..., tuple[int, str, str]]):
    code, _, err = scrubjay("purge")
    assert (code, err.splitlines()[0]) == (2, "scrubjay: nothing to purge")


def test_a_proxy_that_does_not_run_is_one_line_and_a_hint(scrubjay):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    code, _, err = scrubjay("purge", "/a", "--control", f"127.0.0.1:{port}")
    assert code == 1
    assert f"no proxy answers on the control port 127.0.0.1:{port}" in err
    assert "scrubjay serve" in err
    assert len(err.splitlines()) == 2


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", b"junk\r\n"]
)
async def test_somebody_else_on_that_port_is_told(answer, capsys):
    async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(reply, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        assert await ended(["purge", "/a", "--control", f"127.0.0.1:{port}"]) == 1
    assert "no proxy answers" in capsys.readouterr().err
