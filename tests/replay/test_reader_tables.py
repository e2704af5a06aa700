"""Webcachesim's `.tr` and Twitter's cache traces."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.trace_files import columns, read, written
from scrubjay_replay.errors import TraceError
from scrubjay_replay.readers import open_trace
from scrubjay_replay.readers.twitter import OPERATIONS, TwitterReader
from scrubjay_replay.readers.webcachesim import TrReader
from scrubjay_replay.trace import BadLines, load


def careful(kind):
    """A reader of the kind that reads each line by itself."""
    return type("Careful", (kind,), {"_plain": lambda self, text: None})


def outcome(kind, path, chunk):
    told = []
    reader = kind(path, BadLines(tell=told.append))
    reader.chunk = chunk
    return columns(load(reader)), told


def test_tr_is_known_by_its_lines_and_further_columns_are_ignored(tmp_path):
    reader = open_trace(written(tmp_path, "3 17 100 9 9\n4 5 7 9 9\n4 17 100 9 9\n", "t.tr"))
    trace = load(reader)
    assert reader.format == "tr"
    assert reader.columns == {"at", "key", "size"}
    assert trace.at.tolist() == [0, 1, 1]
    assert trace.key.tolist() == [0, 1, 0]
    assert trace.size.tolist() == [100, 7, 100]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("5 1", "2 fields where 3 are needed"),
        ("2 1 7", "time runs backwards: 2 after 3"),
        ("5 1 -7", "size is '-7'"),
        ("5 1 9007199254740993", "more than 2^53"),
        ("x 1 7", "time is 'x'"),
    ],
)
def test_a_malformed_line_of_tr_is_told_with_its_line(tmp_path, line, why):
    path = written(tmp_path, f"3 1 7\n{line}\n", "t.tr")
    with pytest.raises(TraceError, match=r"t\.tr:2: ") as caught:
        read(path, BadLines(0))
    assert why in str(caught.value)


@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(["1", "2.5", "x", "", "3"]),
            st.sampled_from([" ", " ", " ", "  ", "\t"]),
            st.sampled_from(["1", "7", "k", "07"]),
            st.sampled_from(["9", "0", "-1", "", "5 8", "5\t8 "]),
            st.sampled_from(["\n", "\n", "\r\n", " \n"]),
        ),
        max_size=12,
    ),
    chunk=st.sampled_from([10, 1 << 20]),
)
def test_tr_is_read_the_same_in_chunks_and_by_lines(tmp_path_factory, rows, chunk):
    text = "".join(f"{at}{blank}{key}{blank}{size}{end}" for at, blank, key, size, end in rows)
    path = written(tmp_path_factory.getbasetemp(), text, "t.tr")
    assert outcome(TrReader, path, chunk) == outcome(careful(TrReader), path, chunk)


TWITTER = """\
0,k:a,3,0,1,get,0
0,k:a,3,10,1,set,60
1,k:a,3,10,2,gets,0
1,k:c,3,1,1,get,0
2,k:b,3,20,1,add,0
3,k:b,3,20,1,get,0
4,k:a,3,12,1,incr,0
5,k:a,3,12,1,get,0
6,k:a,3,0,1,delete,0
7,k:a,3,9,1,cas,30
8,k:a,3,9,1,get,0
"""


@pytest.mark.parametrize("chunk", [40, 1 << 20])
def test_twitter_requests_have_the_lifetime_that_was_last_set(tmp_path, chunk):
    reader = open_trace(written(tmp_path, TWITTER, "cluster"))
    reader.chunk = chunk
    trace = load(reader)
    assert reader.format == "twitter"
    assert reader.columns == {"at", "key", "size", "ttl", "write"}
    assert trace.key.tolist() == [0, 0, 0, 1, 2, 2, 0, 0, 0, 0, 0]
    assert trace.size.tolist() == [3, 13, 13, 4, 23, 23, 15, 15, 3, 12, 12]
    requests = np.flatnonzero(~trace.write)
    assert requests.tolist() == [0, 2, 3, 5, 7, 10]
    unknown, first, new, never, kept, last = trace.ttl[requests]
    assert np.isnan([unknown, never, new]).all()
    assert (first, kept, last) == (60, 60, 30)


def test_a_twitter_key_may_hold_commas(tmp_path):
    trace = read(written(tmp_path, "0,a,b,3,1,1,get,0\n0,a,c,3,1,1,get,0\n"), kind="twitter")
    assert trace.key.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("5,k,1,1,1,get", "6 fields where 7 are needed"),
        ("5,k,1,1,1,touch,0", "operation is 'touch'"),
        ("5,,1,1,1,get,0", "the key is empty"),
        ("5,k,1,-1,1,get,0", "size is '-1'"),
        ("5,k,1,1,1,set,", "the ttl is empty"),
        ("4,k,1,1,1,get,0", "time runs backwards: 4 after 5"),
    ],
)
def test_a_malformed_line_of_twitter_is_told_with_its_line(tmp_path, line, why):
    path = written(tmp_path, f"5,k,1,1,1,get,0\n{line}\n", "cluster")
    with pytest.raises(TraceError, match=r"cluster:2: ") as caught:
        read(path, BadLines(0))
    assert why in str(caught.value)


@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(["a", "b", "7", "7", "c,d", ""]),
            st.sampled_from(["1", "5", "x"]),
            st.sampled_from([*sorted(OPERATIONS), b"touch"]),
            st.sampled_from(["0", "0", "60", "3600", ""]),
        ),
        max_size=20,
    ),
    chunk=st.sampled_from([30, 90, 1 << 20]),
)
def test_twitter_is_read_the_same_in_chunks_and_by_lines(tmp_path_factory, rows, chunk):
    text = "".join(f"{i},{k},1,{s},0,{o.decode()},{t}\n" for i, (k, s, o, t) in enumerate(rows))
    path = written(tmp_path_factory.getbasetemp(), text, "cluster")
    assert outcome(TwitterReader, path, chunk) == outcome(careful(TwitterReader), path, chunk)
