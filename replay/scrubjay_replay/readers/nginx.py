"""nginx access logs written as JSON (`log_format … escape=json`) with the usual field names."""

from __future__ import annotations

from collections.abc import Iterable

from scrubjay_replay.readers import jsonlog, numbers
from scrubjay_replay.readers.accesslog import UNKNOWN, AccessLogReader, Entry
from scrubjay_replay.readers.commonlog import method_and_path

TIMES = ("msec", "time_iso8601", "time_local", "time", "timestamp", "@timestamp", "ts")
PATHS = ("request_uri", "uri")
SIZES = ("body_bytes_sent", "bytes_sent", "size", "bytes")
HOSTS = ("host", "http_host", "server_name")


class NginxLogReader(AccessLogReader):
    """Requests to nginx; what the upstream took is the cost."""

    format = "nginx"

    def parse(self, line: bytes) -> Entry:
        found = jsonlog.fields(line)
        method, path = request(found)
        host = jsonlog.text(first(found, HOSTS)).lower()
        return Entry(
            jsonlog.moment(wanted(found, TIMES)),
            method,
            host + path,
            jsonlog.status(wanted(found, ("status",))),
            jsonlog.size(first(found, SIZES)) if first(found, SIZES) is not None else UNKNOWN,
            jsonlog.seconds(found.get("upstream_response_time")),
        )


def request(found: jsonlog.Fields) -> tuple[bytes, bytes]:
    """Method and path, from fields of their own or from the request line."""
    line = jsonlog.text(found.get("request"))
    method, path = method_and_path(line) if line else (b"", b"")
    method = (
        jsonlog.text(found.get("request_method")) or jsonlog.text(found.get("method")) or method
    )
    path = jsonlog.text(first(found, PATHS)) or path
    if method == b"GET" and not path:
        raise ValueError("a request without a path: no request_uri, uri or request")
    return method, path


def looks_so(line: bytes) -> bool:
    """Whether a line has what an access log needs."""
    try:
        found = jsonlog.fields(line)
    except ValueError:
        return False
    named = any(name in found for name in (*PATHS, "request"))
    return named and "status" in found and any(name in found for name in TIMES)


def first(found: jsonlog.Fields, names: Iterable[str]) -> object:
    """The field that comes first among these names, None if none is there."""
    return next((found[name] for name in names if found.get(name) not in (None, "")), None)


def wanted(found: jsonlog.Fields, names: tuple[str, ...]) -> object:
    """The same; without it the line is malformed."""
    if (value := first(found, names)) is None:
        raise ValueError(f"no field {numbers.shown(names[0].encode())} or the like")
    return value
