"""Whether a Redis will do as a store: looked at once, at the start."""

from __future__ import annotations

import re
from collections.abc import Mapping

import structlog

from scrubjay_proxy.errors import UsageMistake
from scrubjay_proxy.quantities import format_size
from scrubjay_proxy.store.redis_shards import Shards

log = structlog.get_logger()

_OLDEST = (6, 2)  # HRANDFIELD


async def begin(shards: Shards, capacity: int) -> None:
    """Connect; raises UsageMistake where it can't be reached or will not do."""
    await shards.link.start()
    servers = shards.link.info
    for where, text in servers.items():
        if warning := check_redis(where, info_of(text), capacity // len(servers)):
            log.warning(warning)
    shards.begin()


def info_of(text: bytes) -> dict[str, str]:
    """The answer to INFO, by name."""
    lines = text.decode("utf-8", "replace").splitlines()
    return dict(line.split(":", 1) for line in lines if ":" in line)


def check_redis(where: str, info: Mapping[str, str], capacity: int) -> str:
    """A warning, or ""; raises UsageMistake for a Redis that cannot hold a cache of ours."""
    version = info.get("redis_version", "0.0")
    if tuple(int(part) for part in re.findall(r"\d+", version)[:2]) < _OLDEST:
        raise UsageMistake(
            f"the Redis at {where} is of version {version}, which is too old",
            hint="6.2 is the oldest that will do; any Valkey does",
        )
    policy = info.get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        raise UsageMistake(
            f"the Redis at {where} evicts by itself (maxmemory-policy {policy}), behind the back "
            "of the policy that is to decide",
            hint='mend it with "CONFIG SET maxmemory-policy noeviction", and in redis.conf',
        )
    most = int(info.get("maxmemory", "0"))
    if 0 < most <= capacity:
        return (
            f"maxmemory of the Redis at {where} is {format_size(most)}, and bodies alone may take "
            f"{format_size(capacity)}: give it more, or the cache less (--capacity)"
        )
    return ""
