"""Rows of an experiment that is not finished, so that it can go on where it stopped."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from scrubjay_replay.baselines import PREFIX
from scrubjay_replay.cells import facts
from scrubjay_replay.provenance import commit
from scrubjay_replay.results import DONE, Row, Value, row
from scrubjay_replay.sweep import Job


def identity(job: Job) -> str:
    """What makes a cell the same cell: the trace and how much of it, the code, every setting."""
    known = row(**facts(job.cell, job.prepared))
    return json.dumps([*known.values(), job.work, job.prepared.footprint])


def lasts(found: Row) -> bool:
    """Whether a later run may take the row as its own: it has figures, and of code that has a name.

    Source with changes has none, nor has a policy from a module of the user's.
    """
    changed = any(str(one).endswith("+") for one in (found["commit"], commit()))
    outside = ":" in str(found["policy"]).removeprefix(PREFIX)
    return found["status"] == DONE and not changed and not outside


class Journal:
    """Rows that last, beside the result file, one JSON line each; gone once that is written."""

    def __init__(self, out: Path) -> None:
        self.path = out.with_name(f"{out.name}.unfinished")
        self.rows: dict[str, dict[str, Value]] = {}  # by identity

    def __enter__(self) -> Self:
        before = ""
        if self.path.exists():
            before = self.path.read_text(encoding="utf-8", errors="replace")
        self.rows = dict(_finished(before))
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

    def add(self, key: str, found: Row) -> None:
        """Keep a row, if it lasts; then it outlives this process."""
        if lasts(found):
            self.rows[key] = dict(found)
            self._file.write(json.dumps([key, dict(found)]) + "\n")
            self._file.flush()


def _finished(text: str) -> Iterator[tuple[str, dict[str, Value]]]:
    """Rows that an earlier run left; a line cut short is none."""
    for line in text.splitlines():
        try:
            key, found = json.loads(line)
            yield str(key), row(**found)
        except (ValueError, TypeError, KeyError):
            continue
