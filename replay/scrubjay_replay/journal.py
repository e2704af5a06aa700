"""Rows of an experiment that is not finished, so that it can go on where it stopped."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from scrubjay_replay.results import DONE, Row, Value, row

# What makes a cell the same cell: the trace, the code, and every setting.
IDENTITY = (
    "trace_sha256",
    "policy",
    "objective",
    "capacity_bytes",
    "seed",
    "sample",
    "batch",
    "score_from",
    "ttl",
    "origin_latency",
    "hit_latency",
    "writes",
    "engine",
    "version",
    "commit",
)


def identity(facts: Mapping[str, Value]) -> str:
    """The cell that a row, or what is known of it before it is run, is about."""
    known = row(**{name: facts.get(name) for name in IDENTITY})
    return json.dumps([known[name] for name in IDENTITY])


class Journal:
    """Finished rows beside the result file, one JSON line each; gone once that is written."""

    def __init__(self, out: Path) -> None:
        self.path = out.with_name(f"{out.name}.unfinished")
        self.rows: dict[str, dict[str, Value]] = {}

    def __enter__(self) -> Self:
        before = self.path.read_text(encoding="utf-8") if self.path.exists() else ""
        self.rows = {identity(one): one for one in _finished(before)}
        self._file = self.path.open("a", encoding="utf-8")
        if before and not before.endswith("\n"):
            self._file.write("\n")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()
        if kind is None or not self.rows:
            self.path.unlink(missing_ok=True)

    def add(self, finished: Row) -> None:
        """Keep a row; it is on the disk when this returns."""
        self.rows[identity(finished)] = dict(finished)
        self._file.write(json.dumps(dict(finished)) + "\n")
        self._file.flush()


def _finished(text: str) -> Iterator[dict[str, Value]]:
    """Rows that an earlier run left; a line cut short is none, nor is one of changed source."""
    for line in text.splitlines():
        try:
            found = row(**json.loads(line))
        except (ValueError, TypeError, KeyError):
            continue
        if found["status"] == DONE and not str(found["commit"]).endswith("+"):
            yield found
