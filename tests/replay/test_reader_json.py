import json
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.trace_files import json_line, read, written
from scrubjay_replay.errors import TraceError
from scrubjay_replay.readers import jsonlog, open_trace
from scrubjay_replay.readers.caddy import CaddyLogReader
from scrubjay_replay.readers.nginx import NginxLogReader
from scrubjay_replay.trace import BadLines, load


def nginx(**fields):
    usual = {"msec": "100.5", "request_uri": "/a", "request_method": "GET", "status": "200"}
    return json_line(**{**usual, "body_bytes_sent": "10", **fields})


def caddy(second=0, **fields):
    asked = {"method": "GET", "host": "A.example", "uri": "/x?y"}
    usual = {"level": "info", "ts": 1000.5 + second, "logger": "http.log.access.log0"}
    usual |= {"msg": "handled request", "request": asked, "duration": 0.25, "size": 7}
    return json_line(**{**usual, "status": 200, **fields})


def log(folder, *lines):
    return written(folder, "\n".join(lines), "access.json")


def test_nginx_json_is_known_by_its_fields_and_the_upstreams_time_is_the_cost(tmp_path):
    path = log(
        tmp_path,
        nginx(upstream_response_time="0.250"),
        nginx(msec="101", upstream_response_time="-"),
        nginx(msec="102", request_uri="/b", upstream_response_time="0.5, 0.25 : 0.25"),
    )
    reader = open_trace(path)
    trace = load(reader)
    assert reader.format == "nginx"
    assert reader.columns == {"at", "key", "size", "cost"}
    assert trace.at.tolist() == [0, 0.5, 1.5]
    assert trace.key.tolist() == [0, 0, 1]
    assert trace.cost[[0, 2]].tolist() == [0.25, 1.0]
    assert np.isnan(trace.cost[1])


def test_without_the_upstreams_time_there_is_no_cost(tmp_path):
    reader = open_trace(log(tmp_path, nginx(request_time="9")))
    assert reader.columns == {"at", "key", "size"}
    load(reader)
    assert reader.columns == {"at", "key", "size"}


def test_a_cost_that_shows_late_in_a_log_is_known_once_it_is_read(tmp_path):
    late = nginx(upstream_response_time="0.1")
    reader = open_trace(log(tmp_path, *[nginx(padding="x" * 1000)] * 70, late))
    assert "cost" not in reader.columns
    load(reader)
    assert "cost" in reader.columns


@pytest.mark.parametrize(
    "fields",
    [
        {"time_iso8601": "2026-01-01T00:00:00+00:00"},
        {"time_local": "01/Jan/2026:01:00:00 +0100"},
        {"msec": 1767225600.0},
        {"time": 1767225600000},
    ],
)
def test_nginx_time_may_be_written_in_each_usual_way(fields):
    usual = {"uri": "/a", "request_method": "GET", "status": 200, "bytes_sent": 300}
    line = json_line(**usual, **fields).encode()
    assert NginxLogReader.parse(None, line).at == 1767225600


def test_nginx_may_log_the_request_line_and_the_host():
    line = json_line(msec=1, request="GET /a?b HTTP/2.0", status=200, body_bytes_sent=3, host="H")
    entry = NginxLogReader.parse(None, line.encode())
    assert (entry.method, entry.key, entry.size) == (b"GET", b"h/a?b", 3)


def test_paths_that_are_no_utf8_stay_different():
    lines = [nginx().encode().replace(b"/a", byte) for byte in (b"\xff", b"\xfe")]
    assert [NginxLogReader.parse(None, line).key for line in lines] == [b"\xff", b"\xfe"]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("oops", "no JSON: 'oops'"),
        ("[1]", "no JSON object"),
        ('{"status": 200, ', "no JSON"),
        (nginx(status=""), "no field 'status' or the like"),
        (nginx(msec="x"), "not a date of an access log: 'x'"),
        (nginx(status="2e2"), "status is '2e2'"),
        (nginx(request_uri=""), "a request without a path"),
        (nginx(body_bytes_sent="-5"), "size is '-5'"),
        (nginx(msec={"a": []}), "not a date"),
        ("[" * 60000, "no JSON"),
    ],
)
def test_a_malformed_line_is_told_with_file_and_line(tmp_path, line, why):
    with pytest.raises(TraceError, match=r"access\.json:2: ") as caught:
        read(log(tmp_path, nginx(), line), BadLines(0), "nginx")
    assert why in str(caught.value)


def test_caddy_is_known_by_its_lines_and_other_loggers_are_left_out(tmp_path):
    other = json_line(level="info", ts=1, logger="tls.obtain", msg="lock acquired", status=200)
    debug = caddy(logger="http.handlers.reverse_proxy")
    path = log(tmp_path, other, debug, caddy(), caddy(1, status=304, size=0), caddy(2, status=502))
    reader = open_trace(path)
    trace = load(reader)
    assert reader.format == "caddy"
    assert reader.columns == {"at", "key", "size", "cost"}
    assert trace.at.tolist() == [0, 1]
    assert trace.key.tolist() == [0, 0]
    assert trace.size.tolist() == [7, 7]
    assert trace.cost.tolist() == [0.25, 0.25]
    assert reader.left_out == {"other log lines": 2, "status": 1}


def test_caddys_key_is_host_and_uri_and_a_hit_says_nothing_of_the_origin():
    hit = caddy(resp_headers={"Cache-Status": ["Souin; hit; ttl=9"]})
    entry = CaddyLogReader.parse(None, hit.encode())
    assert entry.key == b"a.example/x?y"
    assert np.isnan(entry.cost)
    assert np.isnan(CaddyLogReader.parse(None, caddy(duration="2ms").encode()).cost)


def test_caddys_milliseconds_are_seen():
    assert CaddyLogReader.parse(None, caddy(ts=1767225600123.5).encode()).at == 1767225600.1235


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists, max_leaves=3))
def test_no_value_of_a_field_breaks_a_parser_other_than_as_malformed(value):
    for name in ("msec", "request", "status", "size", "upstream_response_time", "host", "uri"):
        with suppress(ValueError):
            NginxLogReader.parse(None, nginx(**{name: value}).encode())
    for name in ("ts", "request", "status", "size", "duration", "logger", "resp_headers"):
        with suppress(ValueError):
            CaddyLogReader.parse(None, caddy(**{name: value}).encode())


@given(st.binary(max_size=60))
def test_no_bytes_break_the_json_parser_other_than_as_malformed(line):
    with suppress(ValueError):
        json.dumps(jsonlog.fields(line))
