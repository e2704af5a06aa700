from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.trace_files import columns, read, written
from scrubjay_replay.errors import TraceError
from scrubjay_replay.readers import CsvReader, open_trace
from scrubjay_replay.readers.csv import fields
from scrubjay_replay.trace import BadLines, load


def test_a_csv_gives_times_from_zero_dense_keys_and_sizes(tmp_path):
    trace = read(written(tmp_path, "time,key,size\n5,b,10\n6.5,a,20\n7,b,10\n"))
    assert trace.at.tolist() == [0, 1.5, 2]
    assert trace.key.tolist() == [0, 1, 0]
    assert trace.size.tolist() == [10, 20, 10]
    assert np.isnan(trace.ttl).all()
    assert np.isnan(trace.cost).all()
    assert not trace.write.any()


@pytest.mark.parametrize(
    "header",
    [
        "ts,object_id,bytes",
        "timestamp,url,object_size_bytes",
        "TIME, Path ,Size",
        "\ufefftime,key,size",
    ],
)
def test_columns_may_have_their_other_names(tmp_path, header):
    assert read(written(tmp_path, f"{header}\n0,x,7\n")).size.tolist() == [7]


def test_lifetime_cost_and_milliseconds_are_read_and_nothing_is_unknown(tmp_path):
    trace = read(written(tmp_path, "time,key,size,ttl,origin_latency_ms\n0,a,1,60,250\n1,b,1,,\n"))
    assert trace.ttl[0] == 60
    assert trace.cost[0] == 0.25
    assert np.isnan([trace.ttl[1], trace.cost[1]]).all()


def test_a_reader_says_which_columns_the_source_knows(tmp_path):
    reader = CsvReader(written(tmp_path, "key,size,origin_latency_ms,was_write\n"))
    assert reader.columns == {"key", "size", "cost", "write"}


def test_without_times_a_row_stands_at_its_index(tmp_path):
    assert read(written(tmp_path, "key\na\nb\na\n")).at.tolist() == [0, 1, 2]


def test_dates_may_be_iso_8601(tmp_path):
    text = "time,key,size\n2026-01-01T00:00:00Z,a,1\n2026-01-01T00:01:00Z,a,1\n"
    assert read(written(tmp_path, text)).at.tolist() == [0, 60]


@pytest.mark.parametrize("size", ["", "0"])
def test_a_write_is_a_row_of_its_own_and_needs_no_size(tmp_path, size):
    text = f"time,key,size,was_write\n0,a,5,0\n1,a,{size},True\n2,a,5,\n3,b,{size},1\n"
    trace = read(written(tmp_path, text))
    assert trace.write.tolist() == [False, True, False, True]
    assert trace.size.tolist() == [5, 0, 5, 0]
    assert trace.key.tolist() == [0, 0, 0, 1]


def test_zeros_before_a_size_say_nothing(tmp_path):
    assert read(written(tmp_path, f"key,size\na,{'0' * 25}5\n")).size.tolist() == [5]


def test_a_request_needs_a_size(tmp_path):
    path = written(tmp_path, "time,key,size,was_write\n0,a,,0\n")
    with pytest.raises(TraceError, match=r"t\.csv:2: size is ''"):
        read(path, BadLines(0))


def test_comments_at_the_head_are_kept_and_lines_still_count(tmp_path):
    path = written(tmp_path, "# zipf 0.9\n#seed=1\ntime,key,size\n0,a,1\n0,b\n")
    reader = open_trace(path, BadLines(0))
    assert reader.comments == ("zipf 0.9", "seed=1")
    with pytest.raises(TraceError, match=r"t\.csv:5: 2 fields"):
        load(reader)
    assert load(reader, limit=1).key.tolist() == [0]


def test_a_header_without_a_key_is_one_error_with_its_line(tmp_path):
    with pytest.raises(TraceError, match=r"t\.csv:2: no column for the key.*'time,size'") as caught:
        CsvReader(written(tmp_path, "# made\ntime,size\n1,2\n"))
    assert "object_id" in caught.value.hint


def test_a_quoted_key_may_hold_a_comma_and_a_quote(tmp_path):
    assert fields(b'1,"/a,""b""",3') == [b"1", b'/a,"b"', b"3"]
    assert len(set(read(written(tmp_path, 'time,key,size\n0,"a,b",1\n1,"a,c",1\n')).key)) == 2


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("x,a,1", "time is 'x'"),
        ("nan,a,1", "time is 'nan'"),
        (",a,1", "time is ''"),
        ("0,a,-1", "size is '-1'"),
        ("0,a,1.5", "size is '1.5'"),
        ("0,a,9007199254740993", "more than 2^53 bytes"),
        ("0,a,99999999999999999999999", "more than 2^53 bytes"),
        ("0,a", "2 fields where 3 are needed"),
        ("0,,1", "the key is empty"),
        ('0,"a,1', "broken quoting"),
        ("1e300,a,1", "time is '1e300'"),
        ("-1,a,1", "time runs backwards: -1 after 0"),
    ],
)
def test_a_malformed_line_is_told_with_file_and_line_and_skipped(tmp_path, line, why):
    told = []
    trace = read(
        written(tmp_path, f"time,key,size\n0,a,1\n{line}\n1,b,1\n"), BadLines(tell=told.append)
    )
    assert trace.key.tolist() == [0, 1]
    assert len(told) == 1
    assert told[0].startswith("t.csv:3: ")
    assert why in told[0]


def test_time_running_backwards_is_seen_between_chunks_too(tmp_path):
    path = written(tmp_path, "time,key,size\n7,a,1\n5,a,1\n")
    reader = CsvReader(path, BadLines(0))
    reader.chunk = 6  # bytes: a line each
    with pytest.raises(TraceError, match=r"t\.csv:3: time runs backwards: 5 after 7"):
        load(reader)


def test_one_bad_line_more_than_the_limit_ends_the_reading(tmp_path):
    path = written(tmp_path, "time,key,size\n" + "bad\n" * 3)
    assert len(read(path, BadLines(3)).key) == 0
    with pytest.raises(TraceError, match=r"t\.csv:4: .*number 3, 2 are tolerated") as caught:
        read(path, BadLines(2))
    assert "--max-bad-lines" in caught.value.hint


def test_a_bad_line_behind_the_rows_that_are_wanted_is_not_read(tmp_path):
    path = written(tmp_path, "time,key,size\n0,a,1\n1,b,1\nbad\n")
    assert load(open_trace(path, BadLines(0)), limit=2).key.tolist() == [0, 1]


def test_blocks_join_to_the_whole(tmp_path):
    path = written(tmp_path, "time,key,size\n" + "".join(f"{i + 5},{i % 3},1\n" for i in range(10)))
    reader = CsvReader(path)
    for reader.chunk in (1 << 20, 16):
        blocks = list(reader.blocks(4))
        assert [len(block.key) for block in blocks] == [4, 4, 2]
        keys = np.concatenate([block.key for block in blocks])
        assert keys.tolist() == [i % 3 for i in range(10)]
        assert np.concatenate([block.at for block in blocks]).tolist() == [*range(10)]


def test_plain_lines_are_never_read_one_by_one(tmp_path, monkeypatch):
    def never(*_):
        raise AssertionError

    monkeypatch.setattr(CsvReader, "_row", never)
    text = "time,key,size,ttl,cost,was_write\n0.5,/a,1,,.5,0\n1,/b,2,60,1.25,1\n"
    assert len(read(written(tmp_path, text)).key) == 2
    assert len(read(written(tmp_path, "time,key,size\r\n0,1,1\r\n2,7,1\r\n")).key) == 2


PLAIN = {
    "time": ["0", "1", "1.5", "2.25", "3.", "100.000001"],
    "key": ["1", "7", "0", "a", "/b"],
    "size": ["0", "1", "250"],
    "ttl": ["", "60", "0.1", ".5"],
    "was_write": ["", "0", "1", "False", "true"],
}
ODD = {
    "time": ["", ".", "1e1", " 1", "-3", "+1", "1_0", "x", "1.2.3", "0" * 20, "²", "1\r"],
    "key": ["", "01", "00", "9" * 18, "9" * 19, '"1"', '"a,b"', " 1", "é", "-1", "7\r"],
    "size": ["", " 5 ", "-1", "1.0", "007", str(2**53), "9" * 16, "0" * 25 + "5", "5\r"],
    "ttl": [" ", "-1", "nan", "inf", "1e2", "0.1234567890123456789", ".", "1.2.3", "60\r"],
    "was_write": ["F", " no ", "yes", "2", "0.0", "0\r", "1\r"],
}


class Careful(CsvReader):
    """Reads each line by itself."""

    def _plain(self, text):
        return None


def outcomes(path, chunk=1 << 20):
    """What each of the two reads, and what it tells."""
    for kind in (CsvReader, Careful):
        told = []
        reader = kind(path, BadLines(tell=told.append))
        reader.chunk = chunk
        yield columns(load(reader)), told


@pytest.mark.parametrize(
    ("name", "odd"), [(name, odd) for name, values in ODD.items() for odd in values]
)
def test_one_odd_cell_is_read_as_when_each_line_is(tmp_path, name, odd):
    row = {"time": "0", "key": "7", "size": "1", "ttl": "60", "was_write": "0"}
    for names in ([*row], [*(other for other in row if other != name), name]):
        lines = [",".join(cells[n] for n in names) for cells in (row, {**row, name: odd}, row)]
        path = written(tmp_path, ",".join(names) + "\n" + "\n".join(lines) + "\n")
        together, one_by_one = outcomes(path)
        assert together == one_by_one


LINES = st.fixed_dictionaries(
    {name: st.sampled_from(values * 6 + ODD[name]) for name, values in PLAIN.items()}
) | st.fixed_dictionaries({name: st.sampled_from(values) for name, values in PLAIN.items()})
ENDS = st.sampled_from(["\n"] * 9 + ["\r\n", "\r\r\n", "\n\n", ",\n"])


@given(
    names=st.sampled_from([["time", "key", "size"], ["key"], [*PLAIN], ["key", "was_write"]]),
    rows=st.lists(st.tuples(LINES, ENDS), max_size=30),
    ordered=st.booleans(),
    chunk=st.sampled_from([20, 60, 1 << 20]),
)
def test_chunks_and_single_lines_are_read_the_same(tmp_path_factory, names, rows, ordered, chunk):
    if ordered:  # as most traces are
        rows = [({**row, "time": str(i)}, end) for i, (row, end) in enumerate(rows)]
    lines = [",".join(row[name] for name in names) + end for row, end in rows]
    text = ",".join(names) + "\n" + "".join(lines)
    path = written(tmp_path_factory.getbasetemp(), text)
    together, one_by_one = outcomes(path, chunk)
    assert together == one_by_one


@given(st.binary(max_size=200))
def test_no_line_breaks_the_parser_other_than_as_malformed(line):
    with suppress(ValueError):
        fields(line)
