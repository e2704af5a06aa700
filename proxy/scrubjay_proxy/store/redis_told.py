"""What any proxy removes or changes is told to all; whoever can't hear it trusts only Redis."""

from __future__ import annotations

from scrubjay_proxy.store.hot import Hot
from scrubjay_proxy.store.redis_link import Link


def follow(link: Link, channel: bytes, hot: Hot) -> None:
    """Keep a hot tier to what is told on a channel, from the link's start on: it is off until the
    channel is heard, and whenever it is not."""

    def heard(ids: bytes) -> None:
        hot.drop(int.from_bytes(ids[at : at + 8], "big") for at in range(0, len(ids), 8))

    link.subscribe(channel, heard, hot.off, hot.back)
