"""What changed, kept for a while and told to whoever follows."""

import asyncio

import pytest

from scrubjay_proxy import events
from scrubjay_proxy.events import Events


@pytest.fixture
def told():
    return Events(lambda: 5.0)


def test_events_are_numbered_and_asked_for_by_the_last_one_known(told):
    for kind in ("a", "b", "c"):
        told.add(kind, why=kind, empty="")
    assert [(one.id, one.kind) for one in told.since(1)] == [(2, "b"), (3, "c")]
    assert told.since(0)[0].told == {"why": "a"}
    assert told.since(0)[0].time == 5.0


def test_only_the_latest_are_kept(told, monkeypatch):
    for number in range(events.KEPT + 5):
        told.add(str(number))
    assert len(told.since(0)) == events.KEPT
    assert told.since(0)[0].id == 6


async def test_a_follower_gets_each_event_once_until_the_end(told):
    told.add("before")
    got = []

    async def follow():
        async for event in told.follow(0):
            got.append(event.kind)
            if event.kind == "before":
                told.add("meanwhile")

    task = asyncio.create_task(follow())
    await asyncio.sleep(0)
    told.add("after")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    told.close()
    await asyncio.wait_for(task, 5)
    assert got == ["before", "meanwhile", "after"]
