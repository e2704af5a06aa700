from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.trace_files import log_line, read, written
from scrubjay_replay.errors import TraceError
from scrubjay_replay.readers import open_trace
from scrubjay_replay.readers.commonlog import moment, parse
from scrubjay_replay.trace import BadLines, load


def squid_line(second, code="TCP_MISS/200", size=500, url="http://a/", method="GET", took=250):
    return f"10662.{second:03} {took:6} 10.0.0.1 {code} {size} {method} {url} - DIRECT/1.2.3.4 -"


def test_a_log_takes_the_largest_size_it_shows_for_a_key(tmp_path):
    lines = [log_line("/a", 304, "-"), log_line("/a", 200, "70"), log_line("/a", 206, "5")]
    trace = read(written(tmp_path, "\n".join(lines), "t.log"))
    assert trace.size.tolist() == [70, 70, 70]


def test_a_304_shows_no_size_even_if_its_head_was_counted(tmp_path):
    lines = [log_line("/a", 304, "300"), log_line("/a", 200, "70"), log_line("/b", 304, "300")]
    reader = open_trace(written(tmp_path, "\n".join(lines), "t.log"))
    assert load(reader).size.tolist() == [70, 70]
    assert reader.left_out == {"never a body": 1}


def test_a_log_leaves_out_what_no_cache_could_answer_and_counts_it(tmp_path):
    lines = [
        log_line("/a"),
        *(log_line("/a", method=method) for method in ("POST", "HEAD", "PUT", "DELETE", "PATCH")),
        log_line("/a", 500),
        log_line("/never", 304, "-"),
        log_line("/b"),
    ]
    reader = open_trace(written(tmp_path, "\n".join(lines), "t.log"))
    assert reader.format == "common"
    assert reader.columns == {"at", "key", "size"}
    assert load(reader).key.tolist() == [0, 1]
    assert reader.left_out == {"method": 5, "status": 1, "never a body": 1}


def test_lines_are_sorted_by_time_and_stay_in_order_within_a_second(tmp_path):
    seconds = [("/c", 9), ("/a", 7), ("/b", 7), ("/a", 8)]
    lines = [log_line(path, second=second) for path, second in seconds]
    trace = read(written(tmp_path, "\n".join(lines), "t.log"))
    assert trace.at.tolist() == [0, 0, 1, 2]
    assert trace.key.tolist() == [0, 1, 0, 2]


def test_very_many_lines_of_one_second_stay_in_order(tmp_path):
    sizes = [str(1 + i * 7919 % 1000) for i in range(1000)]
    lines = [log_line(f"/{i}", size=size, second=i % 2) for i, size in enumerate(sizes)]
    trace = read(written(tmp_path, "\n".join(lines), "t.log"))
    assert trace.size.tolist() == [int(size) for size in sizes[::2] + sizes[1::2]]


def test_a_log_may_begin_with_a_stray_line(tmp_path):
    told = []
    text = "stray\n" + log_line("/a") + ' "ref" "agent \\" x"\n'
    assert len(read(written(tmp_path, text, "t.log"), BadLines(tell=told.append)).key) == 1
    assert told == ["t.log:1: not in Common or Combined Log Format: 'stray'"]


def test_a_log_without_requests_is_an_empty_trace(tmp_path):
    assert len(read(written(tmp_path, log_line("/a", 500), "t.log")).key) == 0


def test_a_limit_takes_the_first_requests_of_a_log(tmp_path):
    log = written(tmp_path, "\n".join(log_line(f"/{i}") for i in range(3)), "t.log")
    assert load(open_trace(log), limit=2).key.tolist() == [0, 1]


def test_an_absurd_size_makes_the_line_malformed(tmp_path):
    path = written(tmp_path, log_line("/a", size=str(2**53 + 1)), "t.log")
    with pytest.raises(TraceError, match=r"t\.log:1: .*more than 2\^53"):
        read(path, BadLines(0))


def test_requests_with_quotes_spaces_or_no_version_keep_their_path():
    assert parse(log_line('/a"b').encode()).key == b'/a"b'
    assert parse(b'h - - [01/Jul/1995:00:00:07 -0400] "GET /old" 200 5').key == b"/old"
    assert parse(b'h - u [01/Jul/1995:00:00:07 -0400] "-" 408 -').method == b"-"


def test_a_logs_date_honours_its_zone():
    assert moment(b"01/Jan/1970:01:00:00 +0100") == 0
    assert moment(b"31/Dec/1969:20:00:01 -0400") == 1


@pytest.mark.parametrize("date", [b"31/Feb/2024:00:00:00 +0000", b"01/Mai/2024:00:00:00 +0000"])
def test_a_date_that_is_none_makes_the_line_malformed(date):
    with pytest.raises(ValueError, match=r"date|day"):
        moment(date)


def test_squid_is_known_by_its_lines_and_what_a_miss_took_is_its_cost(tmp_path):
    lines = [
        squid_line(0),
        squid_line(1, "TCP_MEM_HIT/200", took=0),
        squid_line(2, "TCP_REFRESH_UNMODIFIED/304", size=200),
        squid_line(3, "TCP_MISS/200", url="http://b/", size=900),
    ]
    reader = open_trace(written(tmp_path, "\n".join(lines), "access.log"))
    trace = load(reader)
    assert reader.format == "squid"
    assert reader.columns == {"at", "key", "size", "cost"}
    assert trace.key.tolist() == [0, 0, 0, 1]
    assert trace.size.tolist() == [500, 500, 500, 900]
    assert trace.at.round(3).tolist() == [0, 0.001, 0.002, 0.003]
    assert np.flatnonzero(~np.isnan(trace.cost)).tolist() == [0, 3]
    assert trace.cost[0] == 0.25


def test_squids_tunnels_and_refusals_are_left_out(tmp_path):
    lines = [
        squid_line(0),
        squid_line(1, "TCP_TUNNEL/200", method="CONNECT", url="a:443"),
        squid_line(2, "TCP_DENIED/403"),
        squid_line(3, "NONE_NONE/000", url="error:transaction-end-before-headers"),
    ]
    reader = open_trace(written(tmp_path, "\n".join(lines), "access.log"))
    assert len(load(reader).key) == 1
    assert reader.left_out == {"method": 1, "status": 2}


def test_a_line_that_is_not_squids_is_told_as_such(tmp_path):
    path = written(tmp_path, squid_line(0) + "\noops\n", "access.log")
    with pytest.raises(TraceError, match=r"access\.log:2: not in Squid's native format: 'oops'"):
        read(path, BadLines(0))


@given(st.binary(max_size=200))
def test_no_line_breaks_the_parser_other_than_as_malformed(line):
    with suppress(ValueError):
        parse(line)
