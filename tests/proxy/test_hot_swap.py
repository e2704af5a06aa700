"""Models change hands, and bad files come in, while clients ask: they notice nothing of it."""

import asyncio
import json
import pickle
import random

import numpy as np
import safetensors.numpy

from loopback.origin import WHATEVER, reply
from policies.models import weights, written
from scrubjay_policies import learned, model
from scrubjay_proxy.models.directory import Directory

SWAPS, REFUSED, CLIENTS, OBJECTS = 100, 20, 4, 300


class Bomb:
    """A pickle that writes a file when it is opened."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def bad_files(good, fuse):
    """Bytes of files to be refused, with the reason: one of each kind."""
    data = good.read_bytes()
    tensors = safetensors.numpy.load(data)
    told = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])["__metadata__"]
    hole = {**tensors, "out.bias": np.full(1, np.nan, np.float32)}
    other = {**tensors, "out.bias": np.zeros(2, np.float32)}
    return [
        (data[: len(data) // 2], "broken"),
        (safetensors.numpy.save(tensors, {**told, "features": "0" * 16}), "features"),
        (safetensors.numpy.save(hole, told), "numbers"),
        (safetensors.numpy.save(other, told), "tensors"),
        (pickle.dumps(Bomb(fuse)), "pickle"),
    ]


def body(target):
    return (target * 200).encode()[:400]


async def page(exchange):
    await exchange.read_body()
    await exchange.send(reply(body(exchange.asked.target), "Cache-Control: max-age=600"))


async def asking(proxy, seed, ended):
    """How many answers a client got, all of them right."""
    draw, answers = random.Random(seed), 0
    async with proxy.client() as client:
        while not ended.is_set():
            target = f"/{min(draw.randrange(OBJECTS), draw.randrange(OBJECTS))}"
            answer = await client.ask(target)
            assert (answer.status, answer.body) == (200, body(target))
            answers += 1
    return answers


def drop(folder, data, name="live.safetensors"):
    draft = folder / f".{name}"
    draft.write_bytes(data)
    draft.rename(folder / name)


async def test_swaps_and_refusals_disturb_no_request(drl, origin, folder, tmp_path):
    fuse = tmp_path / "went off"
    good = [written(tmp_path, seed, f"good{seed}") for seed in (1, 2)]
    digests = [model.load(path).sha256 for path in good]
    bad = bad_files(good[0], fuse)
    origin.on(WHATEVER, page)
    proxy = await drl({"cache.capacity": "30kB"}, control=True)
    engine = proxy.proxy.store.engine
    ended, refused, last = asyncio.Event(), [], 0
    async with asyncio.TaskGroup() as group:
        clients = [group.create_task(asking(proxy, seed, ended)) for seed in range(CLIENTS)]
        for number in range(SWAPS):
            if number < 2 or number % 5 == 0:
                drop(folder, good[number % 2].read_bytes())
            else:
                order = {"model": digests[number % 2]}
                assert (await proxy.asked("/api/models/promote", order))[0] == 200
            event = await proxy.told("model-promoted", last)
            last = event.id
            assert event.told["digest"] == digests[number % 2] == engine.policy.model
            if number % (SWAPS // REFUSED) == 0:
                data, reason = bad[len(refused) % len(bad)]
                drop(folder, data, f"bad{len(refused)}")
                event = await proxy.told("model-refused", last)
                last = event.id
                refused.append(event.told["reason"])
                assert refused[-1] == reason
                assert engine.policy.model == digests[number % 2]
        ended.set()
    answers = [client.result() for client in clients]
    assert min(answers) > 100
    assert len(refused) == REFUSED
    assert not fuse.exists()
    metrics = (await proxy.control("/metrics")).body.decode()
    assert f'scrubjay_model_changes_total{{change="promoted"}} {SWAPS}.0' in metrics
    assert 'scrubjay_decision_fallbacks_total{reason="error"} 0.0' in metrics
    assert Directory(folder).index().active == digests[(SWAPS - 1) % 2]
    assert (proxy.proxy.store.engine.policy.params == learned.drl(weights(2)).params).all()


async def test_a_swap_leaves_what_is_stored_and_what_is_known_of_it(drl, origin, folder, tmp_path):
    origin.on(WHATEVER, page)
    proxy = await drl()
    for target in ("/a", "/b", "/a"):
        await proxy.get(target)
    engine = proxy.proxy.store.engine
    before = {id: engine.row(id) for id in engine.ids()}
    clock = engine.clock
    drop(folder, written(tmp_path).read_bytes())
    await proxy.told("model-promoted")
    assert {id: engine.row(id) for id in engine.ids()} == before
    assert engine.clock == clock
