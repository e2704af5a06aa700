"""Several workers as real processes under a real parent, ports of their own, in front of a site."""

import asyncio
import json
import os
import re
import signal
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from loopback.redis_server import redis_server
from scrubjay_proxy.demo_origin import DemoOrigin

PATIENCE = 30  # seconds, for a slow machine; nothing waits that long when all is well


class Serving:
    """A parent and its workers; lines of the log are awaited, never slept for."""

    def __init__(self, process, session):
        self.process, self.session = process, session
        self.lines = []
        self.listen = self.control = ""

    async def until(self, pattern):
        """The next line of the log that matches, read as JSON where it is."""
        async with asyncio.timeout(PATIENCE):
            while line := (await self.process.stderr.readline()).decode():
                self.lines.append(line)
                if re.search(pattern, line):
                    return json.loads(line) if line.startswith("{") else line
        raise AssertionError(f"nothing like {pattern} in {''.join(self.lines)}")

    async def ready(self):
        told = await self.until('"ready"')
        self.listen, self.control = f"http://{told['listen']}", f"http://{told['control']}"
        return told

    async def get(self, path):
        """On a connection of its own."""
        headers = {"Connection": "close"}
        async with self.session.get(self.listen + path, headers=headers) as response:
            await response.read()
            return response.status

    async def visited(self, wanted):
        """Requests on so many connections, which the system spreads over the workers."""
        statuses = await asyncio.gather(*(self.get(f"/articles/{n + 1}") for n in range(wanted)))
        assert set(statuses) == {200}
        return wanted

    async def asked(self, path, method="GET", **how):
        async with self.session.request(method, self.control + path, **how) as response:
            return response.status, await response.json()

    async def metrics(self):
        """Samples by name and label values."""
        async with self.session.get(f"{self.control}/metrics") as response:
            text = await response.text()
            assert response.status == 200, text
        return {
            (sample.name, *sorted(sample.labels.values())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    async def requests(self):
        return summed(await self.metrics(), "scrubjay_requests_total")

    def pids(self):
        """The workers' process ids, by their number."""
        own = Path("/proc", str(self.process.pid))
        found = {}
        for pid in (own / "task" / own.name / "children").read_text().split():
            found[int(Path("/proc", pid, "cmdline").read_bytes().split(b"\0")[-2])] = int(pid)
        return found

    async def stopped(self, number=signal.SIGTERM):
        """Signal the parent: exit code, and all that the log said."""
        self.process.send_signal(number)
        return await self.ended()

    async def ended(self):
        async with asyncio.timeout(PATIENCE):
            _, rest = await self.process.communicate()
        self.lines += rest.decode().splitlines(keepends=True)
        return self.process.returncode, "".join(self.lines)


def summed(samples, name):
    return sum(value for key, value in samples.items() if key[0] == name)


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch, tmp_path):
    """Neither the settings nor the scrubjay.toml of whoever runs the tests may leak in."""
    for name in [name for name in os.environ if name.startswith("SCRUBJAY_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
async def origin():
    async with DemoOrigin() as site:
        yield site


@pytest.fixture
async def begin(origin, tmp_path):
    """Starts `scrubjay serve` with two workers that share a Redis, or with the words of `store`."""
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        redis = await stack.enter_async_context(redis_server(tmp_path))

        async def started(*words, store=("--store", redis.url)):
            given = ("serve", "--origin", origin.url, "--workers", "2", *store)
            ports = ("--listen", "127.0.0.1:0", "--control", "127.0.0.1:0")
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "scrubjay_proxy", *given, *ports, *words),
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
            )
            stack.push_async_callback(gone, process)
            return Serving(process, session)

        yield started


async def gone(process):
    if process.returncode is None:
        process.kill()
    await process.communicate()
