import pytest
from prometheus_client.parser import text_string_to_metric_families

from scrubjay_proxy.exposition import Exposition
from scrubjay_proxy.meter import Gauges, Meter
from scrubjay_proxy.metrics import LATENCIES, METRICS, OUTCOMES
from scrubjay_proxy.store.base import Usage


@pytest.fixture
def meter():
    return Meter(routes=("default", "api"), whys=("uri-miss", "stale"), policies=("lru",))


def samples(meter):
    text = Exposition(meter).render().decode()
    return {
        (one.name, *sorted(one.labels.values())): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def test_a_request_is_counted_once_in_each_family(meter):
    meter.request("api", "hit", "", 200, 0.002, 100, 100)
    meter.request("api", "fetched", "uri-miss", 404, 0.2, 50, 0)
    found = samples(meter)
    assert found["scrubjay_requests_total", "api", "hit"] == 1
    assert found["scrubjay_requests_total", "default", "hit"] == 0
    assert found["scrubjay_request_reasons_total", "uri-miss"] == 1
    assert found["scrubjay_responses_total", "4xx"] == 1
    assert found["scrubjay_response_bytes_total", "fetched"] == 50
    assert found["scrubjay_store_read_bytes_total",] == 100


def test_a_histogram_is_cumulative_and_a_bound_belongs_to_its_bucket(meter):
    for seconds in (0.001, 0.0011, 99.0):
        meter.request("default", "hit", "", 200, seconds, 0, 0)
    found = samples(meter)
    name = "scrubjay_request_duration_seconds"
    assert found[f"{name}_bucket", "0.001", "hit"] == 1
    assert found[f"{name}_bucket", "0.0025", "hit"] == 2
    assert found[f"{name}_bucket", "30.0", "hit"] == 2
    assert found[f"{name}_bucket", "+Inf", "hit"] == 3
    assert found[f"{name}_count", "hit"] == 3
    assert found[f"{name}_sum", "hit"] == pytest.approx(99.0021)


def test_closed_labels_stand_at_zero_from_the_start(meter):
    found = samples(meter)
    assert all(found["scrubjay_requests_total", *sorted((one, "api"))] == 0 for one in OUTCOMES)
    assert found["scrubjay_evictions_total", "evicted", "lru"] == 0


def test_a_value_outside_the_closed_set_is_counted_as_other(meter):
    meter.request("nowhere", "hit", "surprise", 799, 0.1, 1, 1)
    found = samples(meter)
    assert found["scrubjay_requests_total", "other", "other"] == 1
    assert found["scrubjay_request_reasons_total", "other"] == 1
    assert found["scrubjay_responses_total", "other"] == 1


def test_a_policy_chosen_at_run_time_gets_its_own_label(meter):
    meter.evicted("mine", "purged", objects=2, freed=30)
    found = samples(meter)
    assert found["scrubjay_evictions_total", "mine", "purged"] == 2
    assert found["scrubjay_evicted_bytes_total", "mine", "purged"] == 30
    assert found["scrubjay_evictions_total", "evicted", "mine"] == 0


def test_gauges_are_read_when_scraped(meter):
    held = 1
    meter.gauges = Gauges(usage=lambda: Usage(held, 0, 0, 0), policy=lambda: "lru")
    assert samples(meter)["scrubjay_cache_bytes",] == 1
    held = 2
    found = samples(meter)
    assert found["scrubjay_cache_bytes",] == 2
    assert found["scrubjay_policy_info", "lru"] == 1


def test_the_model_is_told_by_its_digest_as_long_as_one_is_in_force(meter):
    digest = "ab" * 32
    meter.gauges = Gauges(model=lambda: digest)
    assert samples(meter)["scrubjay_model_info", digest] == 1
    digest = ""
    assert not [key for key in samples(meter) if key[0] == "scrubjay_model_info"]


def test_an_exchange_with_an_origin_fails_by_name_or_has_a_duration(meter):
    meter.origin(0.2, 1000)
    meter.origin(3.0, 10, "timeout")
    found = samples(meter)
    assert found["scrubjay_origin_requests_total",] == 2
    assert found["scrubjay_origin_duration_seconds_count",] == 1
    assert found["scrubjay_origin_response_bytes_total",] == 1010
    assert found["scrubjay_origin_failures_total", "timeout"] == 1


def test_the_ratios_follow_from_the_raw_counts(meter):
    answers = [("hit", 100, 100)] * 3 + [("stale", 50, 50), ("checked", 40, 40)]
    answers += [("fetched", 200, 0)] * 2 + [("bypass", 10, 0), ("refused", 0, 0)]
    for outcome, sent, from_store in answers:
        meter.request("default", outcome, "", 200, 0.1, sent, from_store)
    counts = meter.snapshot()
    served = sum(outcome in ("hit", "stale") for outcome, _, _ in answers)
    asked = sum(outcome != "refused" for outcome, _, _ in answers)
    assert counts["requests"] == len(answers)
    assert counts["object_hit_ratio"] == served / asked
    assert counts["byte_hit_ratio"] == sum(a[2] for a in answers) / sum(a[1] for a in answers)


def test_a_fetch_that_was_stored_is_no_hit(meter):
    meter.request("default", "fetched", "uri-miss", 200, 0.1, 100, 0)
    meter.stored()
    counts = meter.snapshot()
    assert counts["object_hit_ratio"] == 0
    assert counts["admissions"] == {"stored": 1}


def test_the_empty_meter_divides_by_nothing():
    assert Meter().snapshot()["object_hit_ratio"] == 0.0


def test_admissions_removals_and_coalescing_are_summed(meter):
    meter.refused_admission("too-large")
    meter.coalesced(3)
    meter.evicted("lru", "evicted", 4, 400)
    meter.evicted("mine", "evicted", 1, 10)
    counts = meter.snapshot()
    assert counts["admissions"] == {"too-large": 1}
    assert counts["coalesced"] == 3
    assert counts["removals"] == {"evicted": 5}


def test_every_metric_of_the_table_is_exposed_with_its_kind_and_help(meter):
    text = Exposition(meter).render().decode()
    families = {one.name: one for one in text_string_to_metric_families(text)}
    for metric in METRICS:
        family = families[metric.name.removesuffix("_total")]
        expected = "gauge" if metric.kind == "info" else metric.kind
        assert (family.type, family.documentation) == (expected, metric.help)
        for sample in family.samples:
            assert set(sample.labels) - {"le"} == {label.name for label in metric.labels}


def test_names_follow_the_conventions_of_prometheus():
    for metric in METRICS:
        assert metric.name.startswith("scrubjay_")
        assert metric.name.endswith("_total") == (metric.kind == "counter")
        assert metric.name.removesuffix("_total").endswith(metric.unit)
    assert sorted(LATENCIES) == list(LATENCIES)
