"""The hit path: a fresh answer to a plain GET, given within the connection's data callback."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import NamedTuple

from scrubjay_proxy.http.messages import Request, Stored
from scrubjay_proxy.meter import Meter
from scrubjay_proxy.plain import Plains
from scrubjay_proxy.ready import Ready, plan_for, ready_for
from scrubjay_proxy.recent import Recent
from scrubjay_proxy.recording import Recorder
from scrubjay_proxy.routes import Route
from scrubjay_proxy.store.base import Store
from scrubjay_proxy.wire.handlers import Client
from scrubjay_proxy.wire.heads import RequestHead

LARGEST = 1_048_576  # of a body that is written without waiting for the client
LONGEST = 2_048  # of a request head that is remembered
_HEADS = 4 * 2**20  # bytes of request heads, twice
_ANSWERS = 8_192  # twice
_SIGHTINGS = 65_536


class Known(NamedTuple):
    """What a request head came to, as long as nothing changes under its key."""

    key: str
    keys: int  # Searches.changes when the key was made
    route: str
    variants: Sequence[Stored]
    ready: Ready


class Heads:
    """Request heads seen more than once, byte by byte, and what they came to.

    One that is different every time costs a byte of a table, not a place.
    """

    def __init__(self) -> None:
        self._known: Recent[bytes, Known] = Recent(_HEADS, len)
        self._once = bytearray(_SIGHTINGS)
        self.find = self._known.get

    def remember(self, data: bytes, known: Known) -> None:
        """Keep it, if this is not the first time."""
        if len(data) > LONGEST:
            return
        place, mark = hash(data) % _SIGHTINGS, hash(data) // _SIGHTINGS % 255 + 1
        if self._once[place] == mark:
            self._known.put(data, known)
        self._once[place] = mark


class Quick:
    """Answers what needs neither a task nor the origin; leaves everything else alone.

    It decides by the same functions as the long way and leaves the same traces behind.
    """

    def __init__(
        self,
        store: Store,
        recorder: Recorder,
        plains: Plains,
        meter: Meter,
        clock: Callable[[], float],
    ) -> None:
        self._store, self._plains, self._meter, self._clock = store, plains, meter, clock
        self._searches, self._holding = recorder.searches, recorder.holding
        self._heads = (Heads(), Heads())  # in the clear, encrypted
        self._ready: Recent[int, Ready] = Recent(_ANSWERS)

    def __call__(self, data: bytes, head: RequestHead | None, client: Client) -> bool:
        """Answer the request whose head this is, or have it wait for the store; False: nothing
        was done. Without the parsed `head` only what is remembered is answered. The request has
        no body."""
        began = client.since or perf_counter()
        try:
            known = self._recalled(data, client) if head is None else self._read(data, head, client)
        except Exception:  # noqa: BLE001  the long way meets it too, and says so
            return False
        if known is None:
            return False
        if isinstance(known, str):
            if waits := self._store.prepare(known, client.proceed):
                client.wait(began)
            return waits
        ready = known.ready
        rendered, body = ready.head(self._clock()), self._store.body(ready.stored)
        if rendered is None or body is None or len(body) > LARGEST:
            return False
        self._store.seen()
        client.answer(rendered, body)
        self._store.used(ready.stored)
        if self._holding is not None:
            self._holding.hit(ready.stored)
        size = len(body)
        self._meter.request(
            known.route, "hit", "", ready.status, perf_counter() - began, size, size
        )
        return True

    def _recalled(self, data: bytes, client: Client) -> Known | str | None:
        """What is known of a head, or the key to ask for, if there is one."""
        known = self._heads[client.encrypted].find(data) if len(data) <= LONGEST else None
        if known is None or self._searches.changes != known.keys:
            return None
        variants = self._store.peek(known.key)
        if variants is None:
            return known.key
        return known if variants is known.variants else None

    def _read(self, data: bytes, head: RequestHead, client: Client) -> Known | str | None:
        plain = self._plains.read(head, encrypted=client.encrypted)
        if plain is None:
            return None
        asked, route, key, keys = plain
        variants = self._store.peek(key)
        if variants is None:
            return key
        if not variants or (ready := self._chosen(asked, route, variants)) is None:
            return None
        known = Known(key, keys, route.name, variants, ready)
        self._heads[client.encrypted].remember(data, known)
        return known

    def _chosen(self, asked: Request, route: Route, variants: Sequence[Stored]) -> Ready | None:
        rules, now = route.rules, self._clock()
        ready = self._ready.get(variants[0].id) if len(variants) == 1 else None
        if ready is not None and ready.sole and _is_of(ready, variants[0], route):
            return ready
        stored = plan_for(asked, variants, now, rules)
        if stored is None:
            return None
        ready = self._ready.get(stored.id)
        if ready is None or not _is_of(ready, stored, route):
            ready = ready_for(asked, stored, now, rules)
            if ready is not None:
                self._ready.put(stored.id, ready)
        return ready


def _is_of(ready: Ready, stored: Stored, route: Route) -> bool:
    return ready.stored is stored and ready.rules is route.rules
