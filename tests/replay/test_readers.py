from __future__ import annotations

import gzip
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrubjay_replay.errors import TraceError
from scrubjay_replay.readers import AccessLogReader, CsvReader, open_trace
from scrubjay_replay.readers.accesslog import moment, parse
from scrubjay_replay.readers.csv import fields
from scrubjay_replay.trace import BadLines, Trace, load


def written(tmp_path: Path, text: str | bytes, name: str = "t.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def read(path: Path, bad: BadLines | None = None) -> Trace:
    return load(open_trace(path, bad))


def log_line(path: str, status: int = 200, size: str = "10", method: str = "GET") -> str:
    return f'10.0.0.1 - - [01/Jul/1995:00:00:07 -0400] "{method} {path} HTTP/1.0" {status} {size}'


def test_a_csv_gives_times_from_zero_dense_keys_and_sizes(tmp_path):
    trace = read(written(tmp_path, "time,key,size\n5,b,10\n6.5,a,20\n7,b,10\n"))
    assert trace.at.tolist() == [0, 1.5, 2]
    assert trace.key.tolist() == [0, 1, 0]
    assert trace.size.tolist() == [10, 20, 10]
    assert np.isnan(trace.ttl).all()
    assert np.isnan(trace.cost).all()


def test_gzip_is_known_by_its_first_bytes_not_its_name(tmp_path):
    path = written(tmp_path, gzip.compress(b"time,key,size\n0,a,1\n"), "trace.bin")
    assert read(path).size.tolist() == [1]


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
    assert reader.columns == {"key", "size", "cost"}


def test_without_times_a_request_stands_at_its_index(tmp_path):
    assert read(written(tmp_path, "key\na\nb\na\n")).at.tolist() == [0, 1, 2]


def test_dates_may_be_iso_8601(tmp_path):
    text = "time,key,size\n2026-01-01T00:00:00Z,a,1\n2026-01-01T00:01:00Z,a,1\n"
    assert read(written(tmp_path, text)).at.tolist() == [0, 60]


def test_writes_are_left_out_and_counted(tmp_path):
    reader = CsvReader(written(tmp_path, "time,key,size,was_write\n0,a,1,0\n1,a,1,True\n2,a,1,\n"))
    assert len(load(reader).key) == 2
    assert reader.left_out == {"write": 1}


def test_a_quoted_key_may_hold_a_comma_and_a_quote(tmp_path):
    assert fields(b'1,"/a,""b""",3') == [b"1", b'/a,"b"', b"3"]
    assert len(set(read(written(tmp_path, 'time,key,size\n0,"a,b",1\n1,"a,c",1\n')).key)) == 2


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("x,a,1", "time is 'x'"),
        ("nan,a,1", "time is 'nan'"),
        ("0,a,-1", "size is '-1'"),
        ("0,a,1.5", "size is '1.5'"),
        ("0,a,99999999999999999999999", "size is '999"),
        ("0,a", "2 fields where 3 are needed"),
        ("0,,1", "the key is empty"),
        ('0,"a,1', "broken quoting"),
        ("1e300,a,1", "time is '1e300'"),
    ],
)
def test_a_malformed_line_is_told_with_file_and_line_and_skipped(tmp_path, line, why):
    told: list[str] = []
    trace = read(
        written(tmp_path, f"time,key,size\n0,a,1\n{line}\n1,b,1\n"), BadLines(tell=told.append)
    )
    assert trace.key.tolist() == [0, 1]
    assert len(told) == 1
    assert told[0].startswith("t.csv:3: ")
    assert why in told[0]


def test_one_bad_line_more_than_the_limit_ends_the_reading(tmp_path):
    path = written(tmp_path, "time,key,size\n" + "bad\n" * 3)
    assert len(read(path, BadLines(3)).key) == 0
    with pytest.raises(TraceError, match=r"t\.csv:4: .*number 3, 2 are tolerated") as caught:
        read(path, BadLines(2))
    assert "--max-bad-lines" in caught.value.hint


def test_a_file_cut_short_is_an_error_with_its_line(tmp_path):
    packed = gzip.compress(b"time,key,size\n" + b"0,a,1\n" * 1000)
    with pytest.raises(TraceError, match=r"t\.csv:\d+: cannot read"):
        read(written(tmp_path, packed[:-12]))


def test_a_missing_file_is_an_error_with_a_hint(tmp_path):
    with pytest.raises(TraceError, match="cannot read") as caught:
        open_trace(tmp_path / "none.csv")
    assert caught.value.hint


@pytest.mark.parametrize("text", ["", "\n", "1,2,3\n4,5,6\n", "\x00\xff\xfe" * 50, 'a,"b\n'])
def test_what_is_no_trace_is_refused(tmp_path, text):
    with pytest.raises(TraceError, match=r"neither CSV with a header nor an access log"):
        open_trace(written(tmp_path, text))


def test_blocks_join_to_the_whole(tmp_path):
    path = written(tmp_path, "time,key,size\n" + "".join(f"{i},{i % 3},1\n" for i in range(10)))
    blocks = list(CsvReader(path).blocks(4))
    assert [len(block.key) for block in blocks] == [4, 4, 2]
    assert np.concatenate([block.key for block in blocks]).tolist() == [i % 3 for i in range(10)]


def test_a_limit_takes_the_first_requests_of_either_reader(tmp_path):
    csv = written(tmp_path, "key\na\nb\nc\n")
    log = written(tmp_path, "\n".join(log_line(f"/{i}") for i in range(3)), "t.log")
    for path in (csv, log):
        assert load(open_trace(path), limit=2).key.tolist() == [0, 1]


def test_a_log_takes_the_largest_size_it_shows_for_a_key(tmp_path):
    lines = [log_line("/a", 304, "-"), log_line("/a", 200, "70"), log_line("/a", 206, "5")]
    trace = read(written(tmp_path, "\n".join(lines), "t.log"))
    assert trace.size.tolist() == [70, 70, 70]


def test_a_log_leaves_out_what_no_cache_could_answer_and_counts_it(tmp_path):
    lines = [
        log_line("/a"),
        log_line("/a", method="POST"),
        log_line("/a", method="HEAD"),
        log_line("/a", 500),
        log_line("/never", 304, "-"),
        log_line("/b"),
    ]
    reader = open_trace(written(tmp_path, "\n".join(lines), "t.log"))
    assert isinstance(reader, AccessLogReader)
    assert load(reader).key.tolist() == [0, 1]
    assert reader.left_out == {"method": 2, "status": 1, "never a body": 1}


def test_a_log_may_begin_with_a_stray_line(tmp_path):
    told: list[str] = []
    text = "stray\n" + log_line("/a") + ' "ref" "agent \\" x"\n'
    assert len(read(written(tmp_path, text, "t.log"), BadLines(tell=told.append)).key) == 1
    assert told == ["t.log:1: not in Common or Combined Log Format: 'stray'"]


def test_a_log_without_requests_is_an_empty_trace(tmp_path):
    assert len(read(written(tmp_path, log_line("/a", 500), "t.log")).key) == 0


def test_requests_with_quotes_spaces_or_no_version_keep_their_path():
    assert parse(log_line('/a"b').encode()).path == b'/a"b'
    assert parse(b'h - - [01/Jul/1995:00:00:07 -0400] "GET /old" 200 5').path == b"/old"
    assert parse(b'h - u [01/Jul/1995:00:00:07 -0400] "-" 408 -').method == b"-"


def test_a_logs_date_honours_its_zone():
    assert moment(b"01/Jan/1970:01:00:00 +0100") == 0
    assert moment(b"31/Dec/1969:20:00:01 -0400") == 1


@pytest.mark.parametrize("date", [b"31/Feb/2024:00:00:00 +0000", b"01/Mai/2024:00:00:00 +0000"])
def test_a_date_that_is_none_makes_the_line_malformed(date):
    with pytest.raises(ValueError, match=r"date|day"):
        moment(date)


@given(st.binary(max_size=200))
def test_no_line_breaks_a_parser_other_than_as_malformed(line):
    for parser in (parse, fields):
        with suppress(ValueError):
            parser(line)
