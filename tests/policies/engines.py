"""Small engines, and what is done with them."""

from scrubjay_policies import Engine, policy
from scrubjay_policies import rows as at

LRU = policy("lru")

NUMBERS = ("size", "seen", "expires", "credit")  # of a row as float64
SPANS = ("residence", "life", "gap", "gap2", "hits", "count", "cost")  # as float32


def engine(chosen=LRU, *, capacity=100, max_objects=10, **settings):
    return Engine(chosen, capacity=capacity, max_objects=max_objects, **settings)


def offer(engine, id, size=10, *, expires=1000.0, cost=0.0, now=0.0):
    engine.tick()
    return engine.offer(id, size, expires=expires, cost=cost, now=now)


def use(engine, id):
    engine.tick()
    engine.touch(id)


def filled(count=10, **settings):
    full = engine(**settings)
    for id in range(count):
        offer(full, id)
    return full


def known(engine, id):
    """The object's row, by names of the columns, and when it came in."""
    slot = engine._table.slots[id]
    row, past = engine._table.rows[slot], at.past(engine._table.rows)[slot]
    found = {name: float(row[getattr(at, name.upper())]) for name in NUMBERS}
    found |= {name: float(past[getattr(at, name.upper())]) for name in SPANS}
    return found | {"born": found["seen"] - found["residence"]}
