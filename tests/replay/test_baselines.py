from __future__ import annotations

import subprocess
import sys
from collections import OrderedDict
from importlib import util
from pathlib import Path

import numpy as np
import pytest

from scrubjay_replay import baselines
from scrubjay_replay.errors import UseError
from scrubjay_replay.isolated import Crashed, TimeLimit
from scrubjay_replay.trace import requests

libcachesim = pytest.importorskip("libcachesim", reason="there are wheels for Linux only")

DOCS = Path(__file__).parents[2] / "docs"
CAPACITY = 2000


@pytest.fixture(scope="module")
def trace():
    """Two thousand requests, a few objects asked for often, of 1 to 99 bytes."""
    chance = np.random.default_rng(7)
    keys = chance.zipf(1.2, 2000) % 300
    keys = np.unique(keys, return_inverse=True)[1]
    return requests(range(len(keys)), keys, chance.integers(1, 100, 300)[keys])


def test_lru_hits_at_the_requests_at_which_ten_lines_of_ours_do(trace):
    held, used, expected = OrderedDict(), 0, []
    for key, size in zip(trace.key.tolist(), trace.size.tolist(), strict=True):
        expected.append(key in held)
        used += 0 if key in held else size
        held[key] = size
        held.move_to_end(key)
        while used > CAPACITY:
            used -= held.popitem(last=False)[1]
    run = baselines.run("lru", trace, CAPACITY)
    assert run.hit.dtype == np.bool_
    assert run.hit.tolist() == expected
    assert run.seconds > 0


@pytest.mark.parametrize("kind", ["LRU", "Sieve", "S3FIFO", "WTinyLFU", "ARC", "GDSF", "TwoQ"])
def test_the_hits_are_as_many_as_the_library_counts_itself(kind, trace, tmp_path):
    rows = zip(trace.at, trace.key + 1, trace.size, strict=True)
    file = tmp_path / "trace.csv"
    file.write_text("".join(f"{at:.0f},{key},{size}\n" for at, key, size in rows))
    layout = libcachesim.ReaderInitParam(
        obj_id_is_num=True, obj_id_is_num_set=True, has_header_set=True
    )
    layout.time_field, layout.obj_id_field, layout.obj_size_field = 1, 2, 3
    reader = libcachesim.TraceReader(str(file), libcachesim.TraceType.CSV_TRACE, layout)
    cache = getattr(libcachesim, kind)(CAPACITY)
    missed, bytes_missed = cache.process_trace(reader)
    hit = baselines.run(kind.lower(), trace, CAPACITY).hit
    assert hit.mean() == pytest.approx(1 - missed)
    assert trace.size[hit].sum() / trace.size.sum() == pytest.approx(1 - bytes_missed)


def test_what_is_drawn_is_drawn_the_same_again(trace):
    first, second = (baselines.run("random", trace, CAPACITY).hit for _ in range(2))
    assert np.array_equal(first, second)
    assert 0 < first.sum() < len(first)


@pytest.mark.parametrize("name", sorted(set(baselines.names()) - {"lfuda"}))
def test_the_library_takes_the_parameters_of_every_baseline(name, trace):
    run = baselines.run(name, trace, CAPACITY)
    assert len(run.hit) == len(trace.key)
    assert 0.1 < run.hit.mean() < 0.95


def test_a_baseline_that_aborts_is_a_crash_with_the_library_s_words(trace):
    with pytest.raises(Crashed, match=r"^lcs:s3fifo: killed by SIGABRT: .*cache size"):
        baselines.run("s3fifo", trace, 3)


def test_a_baseline_that_takes_too_long_is_ended(trace):
    with pytest.raises(TimeLimit, match=r"^lcs:lru: no result within 0\.01 s$"):
        baselines.run("lru", trace, CAPACITY, timeout=0.01)


def test_an_unknown_name_is_told_with_those_there_are(trace):
    with pytest.raises(UseError, match=r"^lcs:lrru is no baseline$") as caught:
        baselines.run("lrru", trace, CAPACITY)
    assert "lcs:lru," in caught.value.hint


def test_without_the_library_the_hint_says_what_to_install(trace, monkeypatch):
    monkeypatch.setattr(util, "find_spec", lambda name: None)
    with pytest.raises(UseError, match="needs libcachesim") as caught:
        baselines.run("lru", trace, CAPACITY)
    assert "scrubjay[lab]" in caught.value.hint


def test_neither_the_library_nor_what_it_drags_along_is_loaded_for_the_names():
    script = """
import sys
from scrubjay_replay import baselines
import numpy as np
assert baselines.names() and "libcachesim" not in sys.modules
baselines.simulate("lru", np.ones(3, int), np.ones(3, int), np.ones(3, int), 5)
assert not {"boto3", "pytest"} & sys.modules.keys()
"""
    subprocess.run([sys.executable, "-c", script], check=True)


def test_the_page_lists_every_baseline_with_its_parameters():
    lines = (DOCS / "baselines.md").read_text().splitlines()
    rows = [[cell.strip(" `") for cell in line.split("|")] for line in lines if "| `lcs:" in line]
    told = {row[1].removeprefix("lcs:"): row[3] for row in rows}
    assert told == {name: each.params for name, each in baselines.BASELINES.items()}
