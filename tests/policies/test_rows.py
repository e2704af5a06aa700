"""The table of rows behaves as a dict from id to row, in slots without gaps."""

from unittest.mock import patch

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from scrubjay_policies import rows
from scrubjay_policies.rows import WIDTH, Table

ids = st.integers(0, 2**64 - 1)
values = st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=WIDTH, max_size=WIDTH)


class TableAgainstDict(RuleBasedStateMachine):
    held = Bundle("held")

    def __init__(self):
        super().__init__()
        with patch.object(rows, "_FIRST_SLOTS", 2):
            self.table = Table()
        self.model = {}

    @rule(target=held, id=ids, values=values)
    def add(self, id, values):
        while id in self.model:
            id = (id + 1) % 2**64
        self.model[id] = values
        slot = self.table.add(id, np.array(values))
        assert slot == len(self.model) - 1
        return id

    @rule(id=consumes(held))
    def drop(self, id):
        del self.model[id]
        self.table.drop(id)

    @invariant()
    def each_id_has_its_row(self):
        assert set(self.table.slots) == set(self.model)
        for id, slot in self.table.slots.items():
            assert self.table.rows[slot].tolist() == self.model[id]

    @invariant()
    def slots_have_no_gaps_and_know_their_ids(self):
        used = len(self.table)
        assert sorted(self.table.slots.values()) == list(range(used))
        by_slot = {int(id): slot for slot, id in enumerate(self.table.ids[:used])}
        assert by_slot == self.table.slots


TestTableAgainstDict = TableAgainstDict.TestCase
TestTableAgainstDict.settings = settings(max_examples=50, stateful_step_count=30, deadline=None)


def test_a_table_grows_beyond_its_first_slots_and_keeps_its_rows():
    table = Table()
    for id in range(5000):
        table.add(id, np.full(WIDTH, float(id)))
    assert len(table) == 5000
    assert (table.rows[:5000, 0] == np.arange(5000)).all()
    assert (table.ids[:5000] == np.arange(5000)).all()


def test_a_row_is_one_cache_line():
    table = Table()
    assert table.rows[0].nbytes == 64
    assert table.rows.flags.c_contiguous


def test_single_numbers_are_those_of_the_rows_also_after_it_has_grown():
    table = Table()
    for id in range(2000):
        table.add(id, np.full(WIDTH, float(id)))
    whole, numbers, _ = table.views
    numbers[1500 * WIDTH + rows.SEEN] = 7.0
    at = 1500 * rows.BYTES + rows.WRITTEN
    rows.WRITING.pack_into(whole, at, 7.0, *range(1, 7))
    assert table.rows[1500, rows.SEEN] == 7
    assert rows.past(table.rows)[1500, rows.HITS] == 5


def test_the_two_halves_of_a_row_do_not_overlap():
    halves = np.zeros((1, WIDTH))
    rows.past(halves)[0, rows.RESIDENCE :] = 1.0
    assert not halves[0, [rows.SIZE, rows.SEEN, rows.EXPIRES, rows.CREDIT]].any()
