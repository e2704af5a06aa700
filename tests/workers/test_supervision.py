"""Workers that start, die, and are told to end, as people do it: with signals."""

import json
import os
import signal
import socket

import pytest

from policies.models import written


async def test_all_are_served_at_one_port_and_sigterm_drains_them(begin):
    serving = await begin("--policy", "lru")
    told = await serving.ready()
    assert told["workers"] == 2
    assert sorted(serving.pids()) == [0, 1]
    assert await serving.asked("/readyz") == (
        200, {"status": "ok", "parts": {"store": "ok", "workers": "ok"}},
    )  # fmt: skip
    await serving.asked("/api/purge", "POST", json={"urls": ["/a"]})
    code, log = await serving.stopped()
    lines = [json.loads(line) for line in log.splitlines()]
    assert code == 0
    assert [(one["event"], one.get("worker")) for one in lines] == [
        ("ready", None), ("purged", 0), ("draining", None), ("stopped", None),
    ]  # fmt: skip


async def test_ctrl_c_ends_them_well_though_each_was_signalled_as_well(begin):
    serving = await begin()
    await serving.ready()
    for pid in serving.pids().values():
        os.kill(pid, signal.SIGTERM)  # as systemd does
    code, log = await serving.stopped(signal.SIGINT)
    assert code == 0
    assert "Traceback" not in log


async def test_a_killed_worker_is_started_again_while_the_other_serves_and_no_count_is_lost(begin):
    serving = await begin()
    await serving.ready()
    sent = 0
    for victim in (1, 0):
        sent += await serving.visited(20)
        assert await serving.requests() == sent
        before = serving.pids()
        os.kill(before[victim], signal.SIGKILL)
        ended = await serving.until('"worker ended"')
        assert (ended["worker"], ended["signal"]) == (victim, "SIGKILL")
        if victim == 1:
            status, body = await serving.asked("/readyz")
            assert (status, body["parts"]["workers"]) == (503, "1 of 2 serve")
        sent += await serving.visited(1)
        again = await serving.until('"worker started again"')
        assert again["worker"] == victim
        after = serving.pids()
        assert after[1 - victim] == before[1 - victim]
        assert after[victim] != before[victim]
        assert await serving.requests() == sent
    samples = await serving.metrics()
    assert samples["scrubjay_worker_restarts_total",] == 2
    assert samples["scrubjay_workers",] == 2
    code, log = await serving.stopped()
    assert code == 0, log


async def test_what_a_worker_cannot_start_for_is_told_once_and_ends_all(begin, tmp_path):
    (tmp_path / "broken").write_bytes(b"no model")
    serving = await begin("--policy", "drl", "--model", str(tmp_path / "broken"))
    code, log = await serving.ended()
    assert code == 2
    assert log.startswith("scrubjay: ")
    assert log.count("scrubjay: ") == 1
    assert "Traceback" not in log


@pytest.mark.parametrize("flag", ["--listen", "--control"])
async def test_a_taken_port_is_one_clear_line_before_any_worker_starts(begin, flag):
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)  # as another scrubjay's
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        taken = f"127.0.0.1:{holder.getsockname()[1]}"
        code, log = await (await begin(flag, taken)).ended()
    first, second = log.splitlines()
    assert (code, first) == (1, f"scrubjay: {taken} is taken by another process")
    assert flag in second


async def test_workers_end_when_their_parent_is_killed(begin):
    serving = await begin()
    await serving.ready()
    serving.process.kill()
    # The log is at its end when the last process that writes it is gone.
    await serving.ended()


async def test_the_store_in_memory_is_refused_for_several(begin):
    code, log = await (await begin(store=())).ended()
    assert code == 2
    first, hint = log.splitlines()
    assert "proxy.workers = 2 (flag)" in first
    assert "each worker would keep its own" in first
    assert "--store redis://HOST:PORT or --workers 1" in hint


async def test_sighup_reaches_every_worker(begin, tmp_path):
    serving = await begin("--policy", "drl", "--model", str(written(tmp_path, 1)))
    await serving.ready()
    written(tmp_path, 2)
    serving.process.send_signal(signal.SIGHUP)
    told = [await serving.until('"model promoted"') for _ in range(2)]
    assert {one["worker"] for one in told} == {0, 1}
    code, _ = await serving.stopped()
    assert code == 0
