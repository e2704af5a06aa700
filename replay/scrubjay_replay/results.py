"""The rows of an experiment: one for each cell, its columns declared once, written and read."""

from __future__ import annotations

import csv
import json
import math
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from scrubjay_replay.errors import UseError

SCHEMA = "scrubjay-results/1"
SUFFIXES = (".csv", ".json", ".parquet")

Value = str | int | float | None
Row = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Column:
    """One figure of a row; what is not known is None."""

    name: str
    unit: str  # text, count, ratio, bytes, seconds, 1/s
    meaning: str

    def parse(self, text: str) -> Value:
        """What stands in a CSV cell."""
        if text == "":
            return None
        if self.unit == "text":
            return text
        return int(text) if self.unit in {"count", "bytes"} else float(text)


COLUMNS = (
    Column("trace", "text", "name of the trace"),
    Column("policy", "text", "as --policy names it"),
    Column("objective", "text", "what it should win: object, byte or cost"),
    Column("size_fraction", "ratio", "capacity of the footprint, all objects' bytes"),
    Column("capacity_bytes", "bytes", "bytes of bodies the cache may hold"),
    Column("requests", "count", "scored requests; writes are none"),
    Column("hits", "count", "answered from the store without the origin"),
    Column("object_hit_ratio", "ratio", "hits of requests"),
    Column("byte_hit_ratio", "ratio", "bytes of hits of bytes requested"),
    Column("requests_per_second", "1/s", "simulated, all requests, without compiling"),
    Column("model", "text", "model file of a learned policy"),
    Column("seed", "count", "of every draw"),
    Column("misses", "count", "answered by the origin with a body"),
    Column("checked", "count", "expired, and still good said the origin (304)"),
    Column("revalidations", "count", "expired, and the origin was asked whether still good"),
    Column("stale_hits", "count", "hits older than the origin's version"),
    Column("staleness", "ratio", "stale hits of hits"),
    Column("bytes_requested", "bytes", "in the bodies of all scored requests"),
    Column("bytes_hit", "bytes", "in the bodies of hits"),
    Column("origin_requests", "count", "misses and checked"),
    Column("origin_bytes", "bytes", "in the bodies of misses"),
    Column("latency_mean", "seconds", "of the scored requests, a hit taking --hit-latency"),
    Column("latency_p50", "seconds", "median"),
    Column("latency_p95", "seconds", "95th percentile"),
    Column("latency_p99", "seconds", "99th percentile"),
    Column("evictions", "count", "objects removed to make room, the whole run"),
    Column("refusals", "count", "objects not taken in, the whole run"),
    Column("score_from", "ratio", "share of the requests before scoring begins"),
    Column("sample", "count", "candidates drawn for one eviction"),
    Column("batch", "count", "most of them evicted at once"),
    Column("params", "text", "parameters of a baseline, as its library takes them"),
    Column("ttl", "text", "lifetime assigned where the trace has none; none: never expires"),
    Column("origin_latency", "seconds", "assigned where the trace has no cost"),
    Column("hit_latency", "seconds", "what a hit takes"),
    Column("writes", "text", "changes behind the cache's back, or through it"),
    Column("status", "text", "done, or why there is no figure"),
    Column("seconds", "seconds", "the simulation took"),
    Column("trace_sha256", "text", "of the trace file"),
    Column("model_sha256", "text", "of the model file"),
    Column("engine", "text", "what ran it: numba, python, libcachesim, offline"),
    Column("version", "text", "of scrubjay and of the library behind the engine"),
    Column("commit", "text", "git commit of the source, where there is one"),
)
BY_NAME: Mapping[str, Column] = {column.name: column for column in COLUMNS}
DONE = "done"


def row(**values: Value) -> dict[str, Value]:
    """A full row; nan is None, a name that is no column is an error."""
    if unknown := values.keys() - BY_NAME.keys():
        raise KeyError(f"no columns of a result: {', '.join(sorted(unknown))}")
    return {name: _known(values.get(name)) for name in BY_NAME}


def _known(value: Value) -> Value:
    return None if isinstance(value, float) and math.isnan(value) else value


def check_writable(path: Path) -> None:
    """Refuse a result file that could not be written, before the work is done."""
    if path.suffix not in SUFFIXES:
        raise UseError(f"--out {path}: unknown kind", hint=f"End it in {', '.join(SUFFIXES)}.")
    if path.suffix == ".parquet" and find_spec("pyarrow") is None:
        raise UseError(
            f"--out {path} needs pyarrow, which is not installed",
            hint='pip install "scrubjay[lab]", or write .csv or .json.',
        )
    folder = path.parent
    if path.is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK):
        raise UseError(f"--out {path} cannot be written", hint="Name a file in a folder that is.")


def write(path: Path, rows: Sequence[Row], provenance: Mapping[str, str]) -> None:
    """Write rows as CSV, JSON or Parquet, whole or not at all."""
    with replacing(path) as draft:
        if path.suffix == ".csv":
            _write_csv(draft, rows)
        elif path.suffix == ".json":
            _write_json(draft, rows, provenance)
        else:
            _write_parquet(draft, rows, provenance)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A draft beside `path` that takes its place when all went well, and is gone otherwise."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=path.suffix)
    os.close(handle)
    draft = Path(name)
    try:
        yield draft
        draft.chmod(0o644)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def read(path: Path) -> list[dict[str, Value]]:
    """The rows of a result file; columns it has not are None, those we don't know are left."""
    readers = {".csv": _read_csv, ".json": _read_json, ".parquet": _read_parquet}
    if path.suffix not in readers:
        raise UseError(f"{path}: no result file", hint=f"It ends in {', '.join(SUFFIXES)}.")
    try:
        found = readers[path.suffix](path)
    except (OSError, ValueError, KeyError) as error:
        raise UseError(
            f"{path}: cannot be read as results: {error}",
            hint="It must be a file that scrubjay simulate --out wrote.",
        ) from error
    if missing := {"trace", "policy", "object_hit_ratio"} - {k for r in found[:1] for k in r}:
        raise UseError(
            f"{path}: no results in it"
            + (f", {', '.join(sorted(missing))} missing" if found else ""),
            hint="It must be a file that scrubjay simulate --out wrote.",
        )
    return [row(**{k: v for k, v in r.items() if k in BY_NAME}) for r in found]


def _write_csv(path: Path, rows: Iterable[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(BY_NAME), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _read_csv(path: Path) -> list[dict[str, Value]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [
            {name: BY_NAME[name].parse(text) for name, text in line.items() if name in BY_NAME}
            for line in csv.DictReader(file)
        ]


def _write_json(path: Path, rows: Sequence[Row], provenance: Mapping[str, str]) -> None:
    units = {column.name: column.unit for column in COLUMNS}
    told = {"schema": SCHEMA, "units": units, "provenance": dict(provenance), "rows": list(rows)}
    path.write_text(json.dumps(told, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def _read_json(path: Path) -> list[dict[str, Value]]:
    return list(json.loads(path.read_text(encoding="utf-8"))["rows"])


def _write_parquet(path: Path, rows: Sequence[Row], provenance: Mapping[str, str]) -> None:
    from pyarrow import Table, float64, int64, parquet, schema, string

    kinds = {"text": string(), "count": int64(), "bytes": int64()}
    shape = schema(
        [(column.name, kinds.get(column.unit, float64())) for column in COLUMNS],
        metadata={"scrubjay": json.dumps({"schema": SCHEMA, "provenance": dict(provenance)})},
    )
    parquet.write_table(Table.from_pylist(list(rows), shape), path)


def _read_parquet(path: Path) -> list[dict[str, Value]]:
    from pyarrow import parquet

    return list(parquet.read_table(path).to_pylist())
