"""Adding what workers counted, without any process."""

from scrubjay_proxy.meter import Gauges, Meter
from scrubjay_proxy.metrics import MODEL_CHANGES, REQUESTS
from scrubjay_proxy.settings import Settings
from scrubjay_proxy.store.base import Usage
from scrubjay_proxy.workers.counts import Counts, counters, total
from scrubjay_proxy.workers.messages import Gathered, Together
from scrubjay_proxy.workers.whole import counts_of, whole_of


def metered(requests, *, filling=0, up=True):
    gauges = Gauges(usage=lambda: Usage(7, 1, 100, filling, up), connections=lambda: 2)
    meter = Meter(policies=("lru",), gauges=gauges)
    for _ in range(requests):
        meter.request("default", "hit", "", 200, 0.25, 5, 5)
    return meter


def whole(own, gathered):
    return whole_of(own, gathered, Together(2, 2, 1), 1.0).meter


def test_counters_histograms_and_connections_are_summed_the_shared_store_is_not():
    one, other = metered(3, filling=10), metered(4, filling=20)
    running = {0: counts_of(one, speaks=True), 1: counts_of(other, speaks=False)}
    meter = whole(one, Gathered(Counts(), running))
    assert meter.snapshot()["requests"] == 7
    assert meter.durations["hit"].sum == 7 * 0.25
    assert sum(meter.durations["hit"].buckets) == 7
    assert meter.gauges.connections() == 4
    assert meter.gauges.usage() == Usage(7, 1, 100, 30)
    assert one.snapshot()["requests"] == 3  # its own counts are as they were


def test_the_store_is_up_when_all_can_ask_it():
    one, other = metered(0), metered(0, up=False)
    running = {0: counts_of(one, speaks=True), 1: counts_of(other, speaks=False)}
    assert not whole(one, Gathered(Counts(), running)).gauges.usage().up


def test_of_a_worker_that_ended_only_what_grows_stays():
    left = counters(counts_of(metered(5, filling=9), speaks=False))
    meter = whole(metered(0), Gathered(total([left, left]), {}))
    assert meter.snapshot()["requests"] == 10
    assert meter.gauges.connections() == 0
    assert meter.gauges.usage().filling == 0


def test_a_change_of_the_model_that_all_see_is_counted_once():
    one, other = metered(0), metered(0)
    one.add(MODEL_CHANGES, "promoted")
    other.add(MODEL_CHANGES, "promoted")
    running = {0: counts_of(one, speaks=True), 1: counts_of(other, speaks=False)}
    meter = whole(one, Gathered(Counts(), running))
    assert meter.tallies[MODEL_CHANGES.name].counts["promoted",] == 1
    assert REQUESTS.name in running[1].tallies


def test_settings_come_over_whole_with_their_sources_and_secrets():
    told = {
        "control.token": "s3cret", "cache.capacity": "1.5MiB", "http.staleness": "1%",
        "proxy.purge_from": "10.0.0.0/8", "proxy.origin": "http://127.0.0.1:1",
        "routes": [{"name": "a", "origin": "http://127.0.0.1:2", "ttl_min": "2s"}],
    }  # fmt: skip
    settings = Settings.load(None, told)
    again = Settings.taken_over(*settings.handed_over())
    assert again == settings
    assert [*again.effective()] == [*settings.effective()]
