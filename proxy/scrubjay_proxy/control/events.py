"""What changed in the proxy, over HTTP: to be asked for, or followed as server-sent events."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import asdict
from typing import Annotated

import msgspec
from fastapi import FastAPI, Header, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from scrubjay_proxy.control.running import Running

Since = Annotated[int, Query(ge=0, description="Only what came after the event with this id.")]


class OneEvent(BaseModel):
    id: int
    time: float = Field(description="Unix time.")
    kind: str
    told: dict[str, str]


def add_events(api: FastAPI, running: Running) -> None:
    @api.get("/api/events")
    async def events(since: Since = 0) -> list[OneEvent]:
        """The latest changes, the oldest first."""
        return [OneEvent(**asdict(one)) for one in running.events.since(since)]

    @api.get("/api/events/stream", response_class=StreamingResponse)
    async def stream(
        since: Since = 0, last_event_id: Annotated[int | None, Header(ge=0)] = None
    ) -> StreamingResponse:
        """Changes as they come (text/event-stream); a client that comes back misses none."""
        known = since if last_event_id is None else last_event_id
        return StreamingResponse(lines(running, known), media_type="text/event-stream")


async def lines(running: Running, known: int) -> AsyncGenerator[bytes, None]:
    async for event in running.events.follow(known):
        data = msgspec.json.encode(event)
        yield b"id: %d\nevent: %s\ndata: %s\n\n" % (event.id, event.kind.encode(), data)
