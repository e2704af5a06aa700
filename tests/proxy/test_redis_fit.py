"""Which Redis will do."""

import pytest

from scrubjay_proxy.errors import UsageMistake
from scrubjay_proxy.store.redis_fit import check_redis, info_of

GOOD = {"redis_version": "7.0.15", "maxmemory_policy": "noeviction", "maxmemory": "0"}


def test_the_answer_to_info_is_read_by_name():
    text = b"# Server\r\nredis_version:7.0.15\r\n\r\n# Memory\r\nmaxmemory_policy:noeviction\r\n"
    assert info_of(text) == {"redis_version": "7.0.15", "maxmemory_policy": "noeviction"}


@pytest.mark.parametrize("version", ["6.2.0", "6.10.1", "7.2.4", "10.0"])
def test_a_version_from_6_2_on_will_do(version):
    assert check_redis("here", {**GOOD, "redis_version": version}, 100) == ""


@pytest.mark.parametrize("version", ["6.0.16", "5.0.7", "2.8"])
def test_an_older_one_is_refused_by_its_version(version):
    with pytest.raises(UsageMistake, match=f"here is of version {version}") as caught:
        check_redis("here", {**GOOD, "redis_version": version}, 100)
    assert "6.2" in caught.value.hint


def test_a_redis_that_evicts_by_itself_is_refused_with_the_line_that_mends_it():
    with pytest.raises(UsageMistake, match="allkeys-lru") as caught:
        check_redis("here", {**GOOD, "maxmemory_policy": "allkeys-lru"}, 100)
    assert "CONFIG SET maxmemory-policy noeviction" in caught.value.hint


def test_too_little_memory_for_the_capacity_is_a_warning():
    assert "--capacity" in check_redis("here", {**GOOD, "maxmemory": "100"}, 100)
    assert check_redis("here", {**GOOD, "maxmemory": "1000"}, 100) == ""
