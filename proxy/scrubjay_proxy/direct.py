"""The miss path: a plain GET of something that is not stored, told by callbacks.

It is sent on within the client's data callback and answered once the origin's head is there,
without a task, where all of a short answer has come with it. What turns out to be more than that
goes on in a task, from where it stands. The schedule of a herd is the one in `flight`.
"""

from __future__ import annotations

from dataclasses import dataclass

from scrubjay_proxy.answers import Asked
from scrubjay_proxy.caching import Caching, filled_status, private_status
from scrubjay_proxy.deliver import Delivery
from scrubjay_proxy.fetch import Fetcher, Lead
from scrubjay_proxy.flight import Filled
from scrubjay_proxy.flow import Account, Flow
from scrubjay_proxy.http.reuse import Forward
from scrubjay_proxy.http.why import Why
from scrubjay_proxy.plain import Plains
from scrubjay_proxy.recording import Job
from scrubjay_proxy.told import Told
from scrubjay_proxy.wire.body import HIGH_WATER
from scrubjay_proxy.wire.call import Call, ClientGone

_MISS = Forward(Why.URI_MISS)  # what `before_request` says of a plain GET where nothing is stored


@dataclass(slots=True)
class _Miss:
    """A call that waits for the origin's head."""

    account: Account
    lead: Lead


class Direct:
    """Begins to answer what needs no task, by the same functions as the long way."""

    def __init__(
        self,
        flow: Flow,
        caching: Caching,
        fetcher: Fetcher,
        delivery: Delivery,
        plains: Plains,
    ) -> None:
        self._flow, self._caching, self._fetcher = flow, caching, fetcher
        self._delivery, self._plains, self._store = delivery, plains, fetcher.store

    def __call__(self, call: Call) -> bool:
        """Begin to answer a request without a body; False: nothing was done."""
        began = self._flow.timer()
        try:
            lead = self._lead(call)
        except Exception:  # noqa: BLE001  the long way meets it too, and says so
            return False
        if lead is None or lead.begun is None:
            return False
        self._store.seen()
        miss = _Miss(Account(call, began, lead.job.route.name), lead)
        lead.begun.coming.add_done_callback(lambda _: self._came(miss))
        return True

    def _lead(self, call: Call) -> Lead | None:
        """The question, where nothing is stored and nobody has asked it."""
        plain = self._plains.read(call.head, encrypted=call.encrypted)
        if plain is None:
            return None
        known, flights = self._store.peek(plain.key), self._fetcher.flights
        if known is None or known or flights.joinable(plain.key) is not None:
            return None
        job = Job(plain.asked, plain.route, _MISS, call.peer, self._delivery.interim(call))
        return self._fetcher.begin(job, None if flights.is_private(plain.key) else plain.key)

    def _came(self, miss: _Miss) -> None:
        """The origin's head is there, or it will not come."""
        account, begun = miss.account, miss.lead.begun
        call = account.call
        if begun is None or self._store.take is None or not _is_short(begun):
            resume = self._caching.resume
            call.go_on(lambda call: self._flow.answered(account, resume(call, miss.lead)))
            return
        try:
            told = self._answer(call, miss.lead)
        except ClientGone:
            call.abort()
        except Exception as error:  # noqa: BLE001  told as the long way tells it
            failure = error
            call.go_on(lambda _: self._flow.answered(account, _failing(failure)))
            return
        else:
            if call.is_full:
                call.go_on(lambda _: self._taken(account, told))
                return
            self._flow.count(account, told)
        call.finish()

    def _answer(self, call: Call, lead: Lead) -> Told:
        """What came, in one write. Raises ClientGone."""
        job, landing = lead.job, self._fetcher.end(lead)
        if isinstance(landing, Filled):
            fill, why = landing.fill, job.plan.why
            status = filled_status(job.plan, fill)
            length = fill.length or 0
            head, span, code = self._delivery.filled(call, job.asked, fill, length, status)
            body = fill.ready(span) if span is not None else b""
        else:
            answer, why = landing.answer, landing.why
            code, body = answer.head.status, answer.whole()
            head = self._delivery.relayed(call, answer, private_status(job.plan, landing))
        assert body is not None
        call.put(head, body)
        return Told("fetched", why.value, code)

    async def _taken(self, account: Account, told: Told) -> None:
        """Wait until the client took it."""
        await account.call.drained()
        self._flow.count(account, told)


def _is_short(begun: Asked) -> bool:
    """Whether there is nothing to wait for; a 206 may have to be kept along the way."""
    if not begun.is_whole:
        return False
    return begun.connection.body.received < HIGH_WATER and begun.coming.result().status != 206


async def _failing(error: Exception) -> Told:
    raise error
