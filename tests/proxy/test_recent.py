"""A map that forgets what nobody asked for."""

from scrubjay_proxy.recent import Recent


def test_what_is_asked_for_stays_and_the_rest_goes():
    recent = Recent(10)
    for n in range(100):
        recent.put(n, n)
        assert recent.get(0) == 0
        assert recent.get(n) == n
    assert len(recent) <= 20
    assert recent.get(50) is None


def test_the_bound_is_on_the_weight_of_keys():
    recent = Recent(100, len)
    for n in range(1000):
        recent.put(f"{n:010}", n)
    assert len(recent) <= 20
    assert recent.get(f"{999:010}") == 999


def test_a_value_that_is_put_again_weighs_once_and_is_the_one_found():
    recent = Recent(2)
    recent.put("other", 0)
    for n in range(100):
        recent.put("a", n)
    assert (recent.get("a"), recent.get("other"), len(recent)) == (99, 0, 2)
