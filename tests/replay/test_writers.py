import gzip
import sys
from contextlib import suppress

import numpy as np
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from replay.trace_files import columns, read
from scrubjay_replay.errors import TraceError, UseError
from scrubjay_replay.readers import open_trace
from scrubjay_replay.readers.oraclegeneral import RECORD
from scrubjay_replay.trace import Trace, cut, requests
from scrubjay_replay.writers import check_place, write_csv, write_oracle_general

ALL = frozenset(Trace._fields)


@pytest.fixture
def trace():
    return requests(
        [0, 0.25, 3, 1e9],
        [0, 1, 0, 2],
        [10, 20, 10, 0],
        [np.nan, 60, 0.1, 1e-7],
        [0.25, np.nan, 1, 2],
        write=[False, False, True, False],
    )


def test_a_csv_is_read_back_as_it_was(tmp_path, trace):
    path = tmp_path / "t.csv"
    assert write_csv(path, [cut(trace, 0, 1), cut(trace, 1)], ALL) == 4
    assert path.read_text().splitlines()[:2] == [
        "time,key,size,ttl,cost,was_write",
        "0,0,10,,0.25,0",
    ]
    reader = open_trace(path)
    assert reader.columns == ALL
    assert columns(read(path)) == columns(trace)


@given(
    st.lists(
        st.tuples(
            st.floats(0, 1e12),
            st.integers(0, 1 << 53),
            st.floats(0, 2**99, width=32),
        ),
        min_size=1,
    )
)
def test_every_value_is_read_back_to_the_last_bit(tmp_path_factory, rows):
    at, size, ttl = zip(*sorted(rows), strict=True)
    trace = requests([t - at[0] for t in at], range(len(at)), size, ttl)
    path = tmp_path_factory.getbasetemp() / "bits.csv"
    write_csv(path, [trace], {"at", "size", "ttl"})
    assert columns(read(path)) == columns(trace)


def test_only_the_columns_that_are_known_are_written(tmp_path, trace):
    path = tmp_path / "t.csv"
    write_csv(path, [trace], {"key"})
    assert path.read_text() == "key\n0\n1\n0\n2\n"
    assert open_trace(path).columns == {"key"}


def test_comments_stand_at_the_head_on_a_line_each(tmp_path, trace):
    path = tmp_path / "t.csv"
    write_csv(path, [trace], {"key"}, comments=["zipf\n0.9", "seed 1"])
    assert path.read_text().startswith("# zipf 0.9\n# seed 1\nkey\n")
    assert open_trace(path).comments == ("zipf 0.9", "seed 1")


@pytest.mark.parametrize(
    ("suffix", "unpack"),
    [
        ("", bytes),
        (".gz", gzip.decompress),
        (".zst", lambda packed: zstandard.ZstdDecompressor().decompressobj().decompress(packed)),
    ],
)
def test_a_file_is_packed_as_its_name_says_and_the_same_each_time(tmp_path, trace, suffix, unpack):
    path = tmp_path / f"t.csv{suffix}"
    write_csv(path, [trace], {"key"})
    first = path.read_bytes()
    assert unpack(first) == b"key\n0\n1\n0\n2\n"
    write_csv(path, [trace], {"key"})
    assert path.read_bytes() == first
    assert suffix != ".gz" or first[4:8] == bytes(4)  # no date in it
    write_oracle_general(path, trace)
    assert len(unpack(path.read_bytes())) == 3 * 24


def test_oracle_general_has_the_next_request_counted_from_one_and_no_writes(tmp_path, trace):
    trace = trace._replace(key=np.array([4, 1, 4, 4]), at=np.array([0, 0.75, 1, 2.5]))
    path = tmp_path / "t.oracleGeneral"
    assert write_oracle_general(path, trace) == 3
    found = np.fromfile(path, RECORD)
    assert found.tolist() == [(0, 4, 10, 3), (0, 1, 20, -1), (2, 4, 0, -1)]


@pytest.mark.parametrize(("column", "name"), [("size", "size"), ("at", "time")])
def test_what_oracle_general_cannot_hold_is_an_error_with_its_request(
    tmp_path, trace, column, name
):
    trace = trace._replace(**{column: np.array([0, 1, 2, 1 << 32])}, write=np.zeros(4, bool))
    with pytest.raises(TraceError, match=f"request 4: {name} 4294967296 has no place"):
        write_oracle_general(tmp_path / "t.oracleGeneral", trace)
    assert [*tmp_path.iterdir()] == []


def test_a_trace_that_breaks_while_it_is_written_leaves_the_old_file(tmp_path, trace):
    def broken():
        yield trace
        raise TraceError("t:5: broken")

    path = tmp_path / "t.csv.gz"
    path.write_bytes(b"old")
    with suppress(TraceError):
        write_csv(path, broken(), ALL)
    assert path.read_bytes() == b"old"
    assert [*tmp_path.iterdir()] == [path]


def test_where_nothing_can_be_written_is_told_before_the_work(tmp_path):
    for path in (tmp_path, tmp_path / "none" / "t.csv"):
        with pytest.raises(UseError, match="cannot be written"):
            check_place(path)
    check_place(tmp_path / "t.csv")


def test_without_zstandard_a_zst_is_refused_before_the_work(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "zstandard", None)
    with pytest.raises(UseError, match="zstandard") as caught:
        check_place(tmp_path / "t.csv.zst")
    assert caught.value.hint == 'pip install "scrubjay[lab]"'
