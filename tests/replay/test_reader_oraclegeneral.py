import gzip

import numpy as np
import pytest

from replay.trace_files import read, written
from scrubjay_replay.errors import TraceError
from scrubjay_replay.readers import open_trace, oraclegeneral
from scrubjay_replay.readers.oraclegeneral import RECORD
from scrubjay_replay.trace import load

NAME = "t.oracleGeneral"
ROWS = [(100, 1 << 63, 10, 3), (100, 5, 20, -1), (103, 1 << 63, 10, (1 << 63) - 1)]


def records(rows):
    return np.array(rows, RECORD).tobytes()


def test_records_give_seconds_from_zero_dense_keys_and_sizes(tmp_path):
    reader = open_trace(written(tmp_path, records(ROWS), NAME))
    trace = load(reader)
    assert reader.format == "oracleGeneral"
    assert reader.columns == {"at", "key", "size"}
    assert trace.at.tolist() == [0, 0, 3]
    assert trace.key.tolist() == [0, 1, 0]
    assert trace.size.tolist() == [10, 20, 10]


def test_blocks_join_to_the_whole(tmp_path):
    reader = open_trace(written(tmp_path, records(ROWS), NAME))
    assert [block.key.tolist() for block in reader.blocks(2)] == [[0, 1], [0]]


def test_it_is_known_by_its_name_or_because_it_was_said(tmp_path):
    assert len(read(written(tmp_path, records(ROWS), "x.ORACLEGENERAL.bin")).key) == 3
    path = written(tmp_path, records(ROWS), "x.bin")
    assert len(read(path, kind="oracleGeneral").key) == 3
    with pytest.raises(TraceError, match="no kind of trace that we read") as caught:
        open_trace(path)
    assert "--format oracleGeneral" in caught.value.hint


def test_text_is_not_taken_for_it_whatever_its_name(tmp_path):
    path = written(tmp_path, "time,key,size\n0,a,1\n", "t.oracleGeneral.csv")
    assert open_trace(path).format == "csv"


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_file_cut_short_is_told_with_its_record(tmp_path, pack):
    path = written(tmp_path, pack(records(ROWS)[:-5]), NAME)
    with pytest.raises(TraceError, match=r"oracleGeneral: record 3: cut short, 19 of 24") as caught:
        read(path)
    assert "copied whole" in caught.value.hint


def test_a_packed_file_cut_short_is_told_with_its_record(tmp_path):
    noise = np.random.default_rng(1).integers(0, 1 << 62, 1 << 17)
    rows = np.zeros(1 << 17, RECORD)
    rows["key"], rows["next"] = noise, -1
    path = written(tmp_path, gzip.compress(rows.tobytes())[:-900], NAME)
    with pytest.raises(TraceError, match=r"oracleGeneral: record 65537: cannot read"):
        read(path)


def test_a_plain_file_cut_short_is_refused_before_it_is_read(tmp_path):
    with pytest.raises(TraceError, match="record 3: cut short"):
        open_trace(written(tmp_path, records(ROWS)[:-5], NAME))


def test_time_running_backwards_is_seen_between_pieces_too(tmp_path, monkeypatch):
    monkeypatch.setattr(oraclegeneral, "PIECE", RECORD.itemsize)
    with pytest.raises(TraceError, match="record 3: time runs backwards: 99 after 100"):
        read(written(tmp_path, records([*ROWS[:2], (99, 1, 1, -1)]), NAME))
    assert read(written(tmp_path, records(ROWS), NAME)).at.tolist() == [0, 0, 3]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ((99, 1, 1, -1), "time runs backwards: 99 after 103"),
        ((104, 1, 1, -2), "no request number -2 can be the next"),
        ((104, 1, 1, 1 << 50), "no request number 1125899906842624"),
    ],
)
def test_an_impossible_record_is_an_error_with_its_number(tmp_path, row, why):
    path = written(tmp_path, records([*ROWS, row]), NAME)
    with pytest.raises(TraceError, match=r"oracleGeneral: record 4: ") as caught:
        read(path)
    assert why in str(caught.value)


def test_nonsense_is_refused_at_its_first_record(tmp_path):
    noise = np.random.default_rng(1).bytes(24 * 50)
    with pytest.raises(TraceError, match="record 1: no request number"):
        read(written(tmp_path, noise, NAME))
