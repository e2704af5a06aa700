"""Small synthetic request streams, the way to play one, and the exact caches to compare with."""

import heapq
from collections import OrderedDict
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from scrubjay_policies import Engine
from scrubjay_policies.rng import draws

FOREVER = 1e12
_MANY = 1 << 30


class Request(NamedTuple):
    id: int
    size: int
    cost: float = 0.0
    expires_after: float = FOREVER


def zipf(seed: int, length: int, objects: int, *, ttl: bool = False) -> list[Request]:
    """Popularity 1/rank, sizes over four orders of magnitude; the same on every machine.

    Only our own generator, sums and quotients: numpy's distributions may change with numpy.
    """
    weights = np.cumsum(1.0 / np.arange(1, objects + 1))
    at = np.concatenate([draws(seed, i, 1000, _MANY) for i in range(-(-length // 1000))])
    ids = np.searchsorted(weights, at[:length] / _MANY * weights[-1]).tolist()
    each = draws(seed + 1, 0, 4 * objects, _MANY).reshape(4, objects).tolist()
    scale, rest, cost, life = each
    return [
        Request(
            id,
            (1 << scale[id] % 14) + rest[id] % 100,
            cost[id] % 1000 / 1000,
            float(10 << life[id] % 10) if ttl else FOREVER,
        )
        for id in ids
    ]


def footprint(requests: Iterable[Request]) -> int:
    """Bytes of all the objects together."""
    return sum({request.id: request.size for request in requests}.values())


def play(engine: Engine, requests: Iterable[Request]) -> list[bool]:
    """Which requests hit, at one request a second; what has expired is fetched again."""
    hits = []
    expires: dict[int, float] = {}
    for now, request in enumerate(requests):
        engine.tick()
        hit = request.id in engine and expires[request.id] > now
        hits.append(hit)
        if hit:
            engine.touch(request.id)
        else:
            ends = expires[request.id] = now + request.expires_after
            engine.offer(request.id, request.size, expires=ends, cost=request.cost, now=float(now))
    return hits


def exact_lru(requests: Iterable[Request], capacity: int) -> int:
    """Hits of least recently used, in order and without a sample."""
    held: OrderedDict[int, int] = OrderedDict()
    used = hits = 0
    for request in requests:
        if request.id in held:
            hits += 1
            held.move_to_end(request.id)
        elif request.size <= capacity:
            while used + request.size > capacity:
                used -= held.popitem(last=False)[1]
            held[request.id] = request.size
            used += request.size
    return hits


def exact_gdsf(requests: Iterable[Request], capacity: int) -> int:
    """Hits of GreedyDual-Size-Frequency at cost 1, as Cherkasova 1998 gives it."""
    worth: dict[int, float] = {}
    count: dict[int, int] = {}
    order: list[tuple[float, int, int]] = []
    inflation, used, hits = 0.0, 0, 0
    for id, size, *_ in requests:
        if id in worth:
            hits += 1
        elif size > capacity:
            continue
        else:
            while used + size > capacity:
                least, victim, freed = heapq.heappop(order)
                if worth.get(victim) == least:
                    inflation = least
                    used -= freed
                    del worth[victim], count[victim]
            used += size
        count[id] = count.get(id, 0) + 1
        worth[id] = inflation + count[id] / size
        heapq.heappush(order, (worth[id], id, size))
    return hits
