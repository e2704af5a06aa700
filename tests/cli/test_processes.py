"""The commands as people start them: real processes, real signals, ports of their own."""

import asyncio
import json
import re
import signal
import socket
import sys
from contextlib import asynccontextmanager

import aiohttp
import pytest

from policies.models import written
from scrubjay_policies import model
from scrubjay_proxy.demo_origin import DemoOrigin

ANYWHERE = ("--listen", "127.0.0.1:0", "--control", "127.0.0.1:0")
PATIENCE = 30  # seconds, for a slow machine; nothing waits that long when all is well


@asynccontextmanager
async def started(*words):
    pipe = asyncio.subprocess.PIPE
    command = (sys.executable, "-m", "scrubjay_proxy", *words)
    process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def until(stream, pattern):
    """Read lines up to the one that matches."""
    async with asyncio.timeout(PATIENCE):
        while line := await stream.readline():
            if found := re.search(pattern, line.decode()):
                return found
    raise AssertionError(f"nothing like {pattern} was written")


async def stopped(process, number):
    process.send_signal(number)
    async with asyncio.timeout(PATIENCE):
        out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def test_the_demos_own_words_lead_from_miss_to_hit_and_ctrl_c_ends_it():
    async with started("demo", *ANYWHERE) as demo, aiohttp.ClientSession() as session:
        url = (await until(demo.stdout, r"curl .*'(http://\S+)'"))[1]
        control = (await until(demo.stdout, r"(http://\S+)/api/stats"))[1]
        statuses = []
        for _ in range(2):
            async with session.get(url) as response:
                assert response.status == 200
                await response.read()
                statuses.append(response.headers["Cache-Status"])
        async with session.get(f"{control}/readyz") as response:
            assert response.status == 200
        code, _, err = await stopped(demo, signal.SIGINT)
    assert statuses[0].startswith("scrubjay; fwd=uri-miss")
    assert statuses[1].startswith("scrubjay; hit")
    assert code == 0
    assert "Traceback" not in err


async def test_the_demo_is_visited_by_itself():
    async with started("demo", *ANYWHERE) as demo, aiohttp.ClientSession() as session:
        control = (await until(demo.stdout, r"(http://\S+)/api/stats"))[1]
        requests = 0
        async with asyncio.timeout(PATIENCE):
            while requests < 3:
                async with session.get(f"{control}/api/stats") as response:
                    requests = (await response.json())["counts"]["requests"]
                await asyncio.sleep(0.05)


async def test_serve_answers_logs_json_and_drains_on_sigterm():
    async with (
        DemoOrigin() as origin,
        aiohttp.ClientSession() as session,
        started("serve", "--origin", origin.url, *ANYWHERE) as serve,
    ):
        ready = json.loads((await until(serve.stderr, r'(\{.*"ready".*\})'))[1])
        async with session.get(f"http://{ready['listen']}/articles/1") as response:
            assert response.status == 200
            await response.read()
        code, _, err = await stopped(serve, signal.SIGTERM)
        assert origin.asked == 1
    assert code == 0
    assert [json.loads(line)["event"] for line in err.splitlines()][-1] == "stopped"


async def test_sighup_reads_the_model_file_again(tmp_path):
    words = ("--forward", "--policy", "drl", "--model", str(written(tmp_path, 1)), *ANYWHERE)
    async with started("serve", *words) as serve:
        await until(serve.stderr, '"ready"')
        digest = model.load(written(tmp_path, 2)).sha256
        serve.send_signal(signal.SIGHUP)
        told = await until(serve.stderr, r'(\{.*"model promoted".*\})')
        assert json.loads(told[1])["digest"] == digest
        code, _, _ = await stopped(serve, signal.SIGTERM)
    assert code == 0


@pytest.mark.parametrize("flag", ["--listen", "--control"])
async def test_a_taken_port_is_one_clear_line(flag):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        taken = f"127.0.0.1:{holder.getsockname()[1]}"
        async with started("demo", *ANYWHERE, flag, taken) as demo:
            async with asyncio.timeout(PATIENCE):
                out, err = await demo.communicate()
    assert demo.returncode == 1
    assert out == b""
    first, second = err.decode().splitlines()
    assert first == f"scrubjay: {taken} is taken by another process"
    assert flag in second
