from __future__ import annotations

import math
import zlib

import numpy as np
import pytest

from scrubjay_replay.content import BLOCK, Content, Written, catalog, etag, read_etag
from scrubjay_replay.trace import requests


def content(sizes: list[int], **options) -> Content:
    trace = requests(range(len(sizes)), range(len(sizes)), sizes)
    return Content(catalog(trace), **options)


@pytest.mark.parametrize("size", [0, 1, BLOCK - 1, BLOCK, 2 * BLOCK + 3])
def test_a_body_has_its_size_and_its_checksum(size):
    truth = content([size])
    body = b"".join(truth.body(0, 0))
    assert len(body) == size
    assert truth.checksum(0, 0) == zlib.crc32(body)


def test_bodies_differ_by_key_version_and_seed_and_are_the_same_every_time():
    def body(key: int, version: int, seed: int = 0) -> bytes:
        return b"".join(content([1000, 1000], seed=seed).body(key, version))

    assert body(0, 0) == body(0, 0)
    assert len({body(0, 0), body(1, 0), body(0, 1), body(0, 0, seed=1)}) == 4


def test_versions_rise_at_the_rate_each_object_with_its_own_phase():
    truth = content([1] * 200, change_rate=0.5)
    assert {truth.version(key, 0) for key in range(200)} == {0}
    ahead = np.mean([truth.version(key, 1.0) for key in range(200)])
    assert 0.35 < ahead < 0.65
    assert truth.version(0, 100) - truth.version(0, 0) == 50


def test_a_version_is_current_from_the_moment_it_changed():
    truth = content([1], change_rate=0.25)
    for version in (1, 2, 7):
        moment = truth.changed(0, version)
        assert truth.version(0, moment + 1e-6) == version
        assert truth.version(0, moment - 1e-6) == version - 1


def test_without_a_rate_nothing_ever_changes():
    assert content([1]).version(0, 1e9) == 0


def test_a_catalog_has_the_largest_size_and_the_first_known_lifetime():
    nan = math.nan
    trace = requests(range(4), [0, 0, 1, 0], [5, 9, 1, 2], [nan, 60, nan, 30], [nan, nan, 0.5, nan])
    found = catalog(trace, ttl=7, latency=0.25)
    assert found.sizes == [9, 1]
    assert found.ttls == [60, 7]
    assert found.waits == [0.25, 0.5]


def test_an_etag_is_read_back_and_a_foreign_one_is_not():
    assert read_etag(etag(12, 3)) == (12, 3)
    assert read_etag("W/" + etag(12, 3)) == (12, 3)
    assert [read_etag(tag) for tag in ("", '"abc"', '"1-"', '"-1-2"')] == [None] * 4


def test_versions_come_when_the_trace_writes_them():
    at, write = [3, 5, 8, 9, 12], [0, 1, 0, 1, 0]
    trace = requests(at, [0, 0, 0, 0, 1], [9] * 5, write=write)
    content = Written(catalog(trace), trace)
    assert [content.version(0, elapsed) for elapsed in (0, 3, 4.9, 5, 8.9, 9, 99)] == [
        *(0, 0, 0, 1, 1, 2, 2)
    ]
    assert [content.changed(0, version) for version in range(3)] == [3, 5, 9]
    assert content.changed(1, 0) == 12
    assert content.checksum(0, 0) != content.checksum(0, 1)
