"""When what failed is asked again."""

from scrubjay_proxy.store.breaker import FIRST_LOOK, LONGEST_LOOK, Breaker


def test_the_first_failure_opens_it_and_is_counted_once():
    breaker = Breaker()
    assert breaker.failed(10.0)
    assert not breaker.failed(10.1)
    assert not breaker.closed
    assert breaker.opened == 1


def test_it_is_probed_ever_less_often_up_to_a_limit():
    breaker = Breaker()
    waits = []
    for _ in range(6):
        breaker.failed(100.0)
        waits.append(breaker.probe_at - 100.0)
    assert waits[0] == FIRST_LOOK
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST_LOOK


def test_a_probe_that_is_answered_closes_it():
    breaker = Breaker()
    breaker.failed(0.0)
    breaker.succeeded(0.25)
    assert breaker.closed


def test_what_fails_right_after_a_good_probe_is_not_probed_more_often():
    breaker = Breaker()
    for now in range(5):
        breaker.failed(float(now))
        breaker.succeeded(now + 0.5)
    breaker.failed(5.0)
    assert breaker.probe_at == 5.0 + LONGEST_LOOK


def test_what_was_well_for_a_while_starts_afresh():
    breaker = Breaker()
    for now in range(5):
        breaker.failed(float(now))
    breaker.succeeded(10.0)
    breaker.failed(20.0)
    assert breaker.probe_at == 20.0 + FIRST_LOOK
