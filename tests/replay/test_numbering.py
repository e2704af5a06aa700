"""Dense numbers, and the next use of each."""

from itertools import chain

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scrubjay_replay.future import next_use
from scrubjay_replay.readers.numbering import Numbering, in_order_of_appearance

KEYS = st.integers(0, 12) | st.integers(-(1 << 63), (1 << 63) - 1)
TEXTS = st.sampled_from([b"0", b"7", b"07", b"a", b"", b"-1", b"9" * 18, b"9" * 19])


def numbered(keys):
    ids = {}
    return [ids.setdefault(key, len(ids)) for key in keys]


@given(st.lists(st.lists(KEYS, max_size=30), max_size=5))
def test_integers_are_numbered_in_order_of_first_appearance(batches):
    numbering = Numbering()
    found = [numbering.of(np.array(keys, np.int64)).tolist() for keys in batches]
    assert [*chain(*found)] == numbered([*chain(*batches)])
    assert len(numbering) == len({*chain(*batches)})


@given(st.lists(st.lists(TEXTS, max_size=8) | st.lists(st.integers(0, 9), max_size=8), max_size=6))
def test_an_integer_is_the_same_key_as_its_text(batches):
    numbering = Numbering()
    found, plain = [], []
    for keys in batches:
        integers = [key for key in keys if isinstance(key, int)]
        found += numbering.of(np.array(integers, np.int64) if integers else keys).tolist()
        plain += [b"%d" % key if isinstance(key, int) else key for key in keys]
    assert found == numbered(plain)


def test_many_keys_find_room(monkeypatch):
    keys = np.random.default_rng(1).integers(-(1 << 62), 1 << 62, 50_000) << 1
    numbering = Numbering()
    for part in np.split(keys, 50):
        numbering.of(part)
    assert numbering.of(keys).tolist() == numbered(keys.tolist())


@given(st.lists(KEYS, max_size=40))
def test_renumbering_is_in_order_of_appearance(keys):
    assert in_order_of_appearance(np.array(keys, np.int64)).tolist() == numbered(keys)


def test_the_next_use_of_nothing_is_nothing():
    assert next_use(np.zeros(0, np.int64)).tolist() == []


def test_the_next_use_is_found_in_a_long_trace_too():
    keys = np.arange(3000) % 3
    wanted = [i + 3 if i + 3 < len(keys) else -1 for i in range(len(keys))]
    assert next_use(keys).tolist() == wanted


@given(st.lists(st.integers(0, 5), max_size=40))
def test_the_next_use_is_the_next_position_of_the_same_key(keys):
    wanted = [
        next((later for later in range(i + 1, len(keys)) if keys[later] == key), -1)
        for i, key in enumerate(keys)
    ]
    assert next_use(np.array(keys, np.int64)).tolist() == wanted
