"""A model directory and the proxy that watches it."""

import asyncio
import signal

import pytest

from loopback.origin import WHATEVER, reply
from policies.models import weights, written
from scrubjay_policies import learned, model
from scrubjay_policies.policy import Policy
from scrubjay_proxy.errors import UsageMistake
from scrubjay_proxy.events import Events
from scrubjay_proxy.models import watching
from scrubjay_proxy.models.directory import Directory
from scrubjay_proxy.signals import obeyed


async def test_without_models_it_is_the_one_that_is_shipped(drl):
    proxy = await drl()
    assert proxy.proxy.store.engine.policy.model == model.shipped().sha256


async def test_what_is_in_the_directory_at_the_start_is_in_force_at_once(drl, folder):
    digest = model.load(written(folder)).sha256
    proxy = await drl()
    assert proxy.proxy.store.engine.policy.model == digest
    assert (proxy.proxy.store.engine.policy.params == learned.drl(weights()).params).all()


async def test_a_dropped_file_is_in_force_and_told_everywhere(drl, folder):
    proxy = await drl(control=True)
    digest = model.load(written(folder)).sha256
    event = await proxy.told("model-promoted")
    assert (event.told["digest"], event.told["by"]) == (digest, "file")
    assert proxy.proxy.store.engine.policy.model == digest
    metrics = (await proxy.control("/metrics")).body.decode()
    assert f'scrubjay_model_info{{digest="{digest}"}} 1' in metrics
    assert 'scrubjay_model_changes_total{change="promoted"} 1' in metrics
    _, models = await proxy.asked("/api/models")
    assert (models["in_force"], models["models"][0]["state"]) == (digest, "active")
    _, events = await proxy.asked(f"/api/events?since={event.id - 1}")
    assert [one["kind"] for one in events] == ["model-promoted"]
    assert Directory(folder).index().active == digest


async def test_a_refused_file_is_told_and_counted_and_the_last_good_one_stays(drl, folder):
    digest = model.load(written(folder)).sha256
    proxy = await drl(control=True)
    (folder / "m.safetensors").write_bytes(b"PK\x03\x04")
    event = await proxy.told("model-refused")
    assert event.told["reason"] == "pickle"
    assert proxy.proxy.store.engine.policy.model == digest
    assert b'refusals_total{reason="pickle"} 1' in (await proxy.control("/metrics")).body


async def test_a_command_beside_it_is_followed(drl, folder):
    proxy = await drl()
    beside = Directory(folder)
    first = beside.promote(str(written(folder.parent, 1)), by="command").active
    await proxy.told("model-promoted")
    second = beside.promote(str(written(folder.parent, 2)), by="command").active
    event = await proxy.told("model-promoted", since=1)
    assert event.told["digest"] == proxy.proxy.store.engine.policy.model == second
    beside.rollback(by="command")
    await proxy.told("model-rolled-back")
    assert proxy.proxy.store.engine.policy.model == first


async def test_models_change_hands_over_http(drl, folder):
    first, second = (model.load(written(folder, seed, f"m{seed}")).sha256 for seed in (1, 2))
    proxy = await drl(control=True)
    status, body = await proxy.asked("/api/models/promote", {"model": "m1"})
    assert (status, body["in_force"]) == (200, first)
    status, body = await proxy.asked("/api/models/promote", {"model": second[:8]})
    assert (status, body["in_force"]) == (200, second)
    status, body = await proxy.asked("/api/models/rollback", {})
    assert (status, body["in_force"], body["history"][-1]["by"]) == (200, first, "api")
    status, body = await proxy.asked("/api/models/shadow", {"model": second[:8]})
    assert (status, [one["challenger"] for one in body["trials"]]) == (200, ["shadow"])
    assert proxy.proxy.store.engine.policy.model == first


async def test_an_order_that_cannot_be_obeyed_is_refused_with_a_hint(drl, folder):
    proxy = await drl(control=True)
    (folder.parent / "m").write_bytes(b"")
    for path, order in [
        ("promote", {"model": "no"}),
        ("promote", {"model": str(folder.parent / "m")}),
        ("shadow", {"model": "../m"}),
        ("rollback", {}),
    ]:
        status, body = await proxy.asked(f"/api/models/{path}", order)
        assert (status, bool(body["error"]), bool(body["hint"])) == (422, True, True)


async def test_without_a_directory_there_is_nothing_to_promote(start):
    proxy = await start(control=True)
    status, body = await proxy.asked("/api/models/promote", {"model": "m"})
    assert (status, body["error"]) == (422, "there is no model directory")
    assert (await proxy.asked("/api/models"))[0] == 200


async def test_a_directory_that_is_not_there_is_told_at_the_start(start, tmp_path):
    with pytest.raises(UsageMistake, match="is not there"):
        await start({"models.dir": str(tmp_path / "no")})


async def test_the_model_file_of_the_settings_starts_active(drl, folder, tmp_path):
    written(folder, 1)
    named = written(tmp_path, 2, "named")
    proxy = await drl({"cache.model": str(named)})
    assert proxy.proxy.store.engine.policy.model == model.load(named).sha256
    assert proxy.proxy.models.index.previous == model.load(folder / "m.safetensors").sha256


async def test_what_was_kept_but_broken_gives_way_to_the_one_before(drl, folder):
    directory = Directory(folder)
    first = directory.promote(str(written(folder.parent, 1)), by="command").active
    second = directory.promote(str(written(folder.parent, 2)), by="command").active
    directory.kept(second).write_bytes(b"")
    proxy = await drl()
    assert proxy.proxy.store.engine.policy.model == first
    assert directory.index().history[-1].by == "proxy"


async def test_a_broken_index_leaves_all_as_it_is_and_is_told_once(drl, folder):
    digest = model.load(written(folder)).sha256
    proxy = await drl()
    (folder / "index.json").write_text("{")
    await proxy.told("models-unreadable")
    await proxy.proxy.models.look()
    assert [one.kind for one in proxy.proxy.events.since(0)].count("models-unreadable") == 1
    assert proxy.proxy.store.engine.policy.model == digest


async def test_a_directory_that_goes_away_is_told_and_can_come_back(drl, folder):
    digest = model.load(written(folder)).sha256
    proxy = await drl()
    folder.rename(folder.parent / "away")
    await proxy.told("models-unreadable")
    assert proxy.proxy.store.engine.policy.model == digest
    (folder.parent / "away").rename(folder)
    second = model.load(written(folder, 2)).sha256
    assert (await proxy.told("model-promoted", since=2)).told["digest"] == second


async def test_a_plug_in_stays_in_force_while_models_come_in(start, folder, monkeypatch):
    monkeypatch.syspath_prepend(folder.parent)
    text = "from scrubjay_policies import Policy\nMINE = Policy('mine', lambda f, _: -f[:, 3])\n"
    (folder.parent / "plugged_in.py").write_text(text)
    proxy = await start({"cache.policy": "plugged_in:MINE", "models.dir": str(folder)})
    written(folder)
    await proxy.told("model-promoted")
    assert proxy.proxy.store.engine.policy.name == "mine"


async def test_a_policy_that_is_switched_to_meanwhile_stays(drl, folder):
    proxy = await drl()
    digest = model.load(written(folder)).sha256
    looking = asyncio.create_task(proxy.proxy.models.look())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    proxy.proxy.use_policy("lru")
    await looking
    assert proxy.proxy.store.engine.policy.name == "lru"
    proxy.proxy.use_policy("drl")
    assert proxy.proxy.store.engine.policy.model == digest


async def test_a_directory_that_cannot_be_watched_is_looked_at_each_second(tmp_path, monkeypatch):
    monkeypatch.setattr(watching, "EACH", 10)
    events, looked = Events(lambda: 0.0), asyncio.Event()

    async def look():
        looked.set()

    task = asyncio.create_task(watching.watch(tmp_path / "no", look, events))
    await asyncio.wait_for(looked.wait(), 5)
    task.cancel()
    assert [one.kind for one in events.since(0)] == ["watch-failed"]


async def test_under_another_policy_models_are_taken_in_and_used_by_a_switch(start, folder):
    proxy = await start({"cache.policy": "lru", "models.dir": str(folder)})
    digest = model.load(written(folder)).sha256
    await proxy.told("model-promoted")
    assert proxy.proxy.store.engine.policy.name == "lru"
    proxy.proxy.use_policy("drl")
    assert proxy.proxy.store.engine.policy.model == digest


async def test_sighup_reads_the_model_file_of_the_settings_again(start, tmp_path):
    named = written(tmp_path, 1)
    proxy = await start({"cache.policy": "drl", "cache.model": str(named)})
    with obeyed(asyncio.Event(), proxy.proxy.models.hang_up):
        second = model.load(written(tmp_path, 2)).sha256
        signal.raise_signal(signal.SIGHUP)
        event = await proxy.told("model-promoted")
        assert event.told["digest"] == proxy.proxy.store.engine.policy.model == second
        named.write_bytes(b"weights")
        signal.raise_signal(signal.SIGHUP)
        assert (await proxy.told("model-refused")).told["reason"] == "broken"
        assert proxy.proxy.store.engine.policy.model == second


async def test_a_policy_that_fails_answers_all_the_same(start, origin, monkeypatch):
    def broken(features, params):
        raise ValueError("no idea")

    proxy = await start({"cache.capacity": "40B"}, control=True)
    proxy.proxy.models.in_force.use(Policy("broken", broken))
    origin.on(WHATEVER, reply(b"hello", "Cache-Control: max-age=600"))
    for number in range(20):
        assert (await proxy.get(f"/{number}")).body == b"hello"
    metrics = (await proxy.control("/metrics")).body
    assert b'scrubjay_decision_fallbacks_total{reason="error"} 12' in metrics
    assert (await proxy.told("fallback-started")).told["reason"] == "error"


async def test_events_are_followed_as_they_come(drl, folder):
    proxy = await drl(control=True)
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.control_port)
    host = f"Host: 127.0.0.1:{proxy.control_port}"
    writer.write(f"GET /api/events/stream HTTP/1.1\r\n{host}\r\n\r\n".encode())
    async with asyncio.timeout(10):
        assert b"text/event-stream" in await reader.readuntil(b"\r\n\r\n")
        written(folder)
        text = await reader.readuntil(b"event: model-promoted")
        assert b"id: 1" in text
    writer.close()
