"""Small engines, and what is done with them."""

from scrubjay_policies import Engine, policy
from scrubjay_policies import rows as at

LRU = policy("lru")


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
    """The object's row, by names of the columns."""
    row = engine._table.rows[engine._table.slots[id]]
    columns = ("SIZE", "BORN", "SEEN", "HITS", "EXPIRES", "COST", "CREDIT", "GAP")
    return {name.lower(): float(row[getattr(at, name)]) for name in columns}
