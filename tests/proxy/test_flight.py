"""Flights: one fetch for all who want the same, landed once, never left hanging."""

import pytest

from scrubjay_proxy.answers import OriginError
from scrubjay_proxy.flight import Failed, Filled, Flights, Private, Refreshed
from scrubjay_proxy.http.why import Why


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def flights(clock):
    return Flights(clock)


PRIVATE = Private(None, Why.PRIVATE)
FAILED = Failed(OriginError("reset", "gone"))


@pytest.mark.parametrize("landing", [Refreshed(None), PRIVATE, FAILED])
async def test_a_flight_is_joined_until_it_lands(flights, landing):
    flight = flights.start("k")
    assert flights.joinable("k") is flight
    assert flights.joinable("other") is None
    flights.land("k", flight, landing)
    assert await flight is landing
    assert flights.joinable("k") is None
    assert len(flights) == 0


async def test_a_flight_with_a_body_is_joined_until_the_body_is_over(flights):
    flight = flights.start("k")
    flights.land("k", flight, Filled(None))
    assert flights.joinable("k") is flight
    flights.over("k", flight)
    assert flights.joinable("k") is None


async def test_a_later_flight_is_not_ended_by_an_earlier_one(flights):
    first = flights.start("k")
    second = flights.start("k")
    flights.land("k", first, FAILED)
    flights.over("k", first)
    assert flights.joinable("k") is second


async def test_what_was_private_is_remembered_for_ten_seconds(flights, clock):
    flights.land("k", flights.start("k"), PRIVATE)
    clock.now = 9.9
    assert flights.is_private("k")
    clock.now = 10.1
    assert not flights.is_private("k")


async def test_an_answer_that_can_be_shared_ends_that_memory(flights):
    flights.land("k", flights.start("k"), PRIVATE)
    flights.land("k", flights.start("k"), Refreshed(None))
    assert not flights.is_private("k")


async def test_the_memory_is_bounded(flights):
    for number in range(10_050):
        flights.land(f"{number}", flights.start(f"{number}"), PRIVATE)
    assert not flights.is_private("49")
    assert flights.is_private("50")
