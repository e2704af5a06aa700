"""A deadline is reached once, when it was last set for, and not after it was cleared."""

import asyncio

import pytest

from scrubjay_proxy.wire.deadline import Deadline


@pytest.fixture
def reached():
    return []


@pytest.fixture
async def deadline(reached):
    loop = asyncio.get_running_loop()
    one = Deadline(lambda: reached.append(loop.time()))
    yield one
    one.end()


async def passed(seconds):
    await asyncio.sleep(seconds)


async def test_it_is_reached_when_it_was_set_for(deadline, reached):
    began = asyncio.get_running_loop().time()
    deadline.set(0.02)
    await passed(0.06)
    assert len(reached) == 1
    assert reached[0] - began >= 0.02


async def test_it_is_put_off_by_setting_it_again(deadline, reached):
    began = asyncio.get_running_loop().time()
    deadline.set(0.02)
    deadline.set(0.06)
    await passed(0.12)
    assert [at - began >= 0.06 for at in reached] == [True]


async def test_it_may_be_set_for_earlier(deadline, reached):
    deadline.set(30)
    deadline.set(0.01)
    await passed(0.05)
    assert len(reached) == 1


@pytest.mark.parametrize("stop", ["clear", "end"])
async def test_it_is_not_reached_once_it_is_over(deadline, reached, stop):
    deadline.set(0.01)
    getattr(deadline, stop)()
    await passed(0.04)
    assert reached == []


async def test_it_can_be_set_after_it_was_cleared(deadline, reached):
    deadline.set(0.01)
    deadline.clear()
    deadline.set(0.02)
    await passed(0.06)
    assert len(reached) == 1
