"""Small trace files, and what is read from them."""

import json

from scrubjay_replay.readers import open_trace
from scrubjay_replay.trace import load


def written(folder, text, name="t.csv"):
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def read(path, bad=None, kind=None):
    return load(open_trace(path, bad, kind))


def columns(trace):
    """All of it, comparable; nan is None."""
    return [[None if x != x else x for x in column.tolist()] for column in trace]  # noqa: PLR0124


def log_line(path, status=200, size="10", method="GET", second=7):
    date = f"01/Jul/1995:00:00:{second:02} -0400"
    return f'10.0.0.1 - - [{date}] "{method} {path} HTTP/1.0" {status} {size}'


def json_line(**fields):
    return json.dumps(fields)
