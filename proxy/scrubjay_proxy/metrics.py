"""Every metric, declared once: the collector, the docs and the dashboards read this table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

OUTCOMES = ("hit", "stale", "checked", "fetched", "bypass", "refused")
CLASSES = ("1xx", "2xx", "3xx", "4xx", "5xx")
FAILURES = ("connect", "timeout", "reset", "protocol", "busy")
REMOVALS = ("evicted", "expired", "purged", "invalidated", "replaced")
REFUSALS = ("unreadable", "pickle", "broken", "features", "tensors", "numbers")
MODEL_EVENTS = ("promoted", "rolled-back", "shadowed", "dismissed")
FAULTS = ("error", "not-finite", "deadline")
DECISIONS = ("stored", "too-large", "policy", "full", "no-room", "store", "incomplete")

# Upper bounds in seconds: from a hit in memory to a silent origin at its limit.
LATENCIES = (
    0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
    30.0,
)  # fmt: skip

STORE_OPERATIONS = ("find", "read", "write", "refresh", "remove", "purge", "accesses")

CONTACTS = ("new", "unchanged", "changed")

OTHER = "other"  # a value that is not of the closed set is counted here, never lost


@dataclass(frozen=True, slots=True)
class Label:
    """A dimension; no `values` means that the configuration gives them (routes, policies)."""

    name: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Metric:
    """One family in the exposition; `unit` is a base unit of Prometheus."""

    name: str
    kind: Literal["counter", "gauge", "histogram", "info"]
    help: str
    unit: str = ""
    labels: tuple[Label, ...] = ()
    kept: bool = False  # a counter that somebody else keeps, read when scraped


OUTCOME = Label("outcome", OUTCOMES)
ROUTE = Label("route")
POLICY = Label("policy")
CACHE = Label("cache")

REQUESTS = Metric(
    "scrubjay_requests_total",
    "counter",
    "Requests answered: from the store fresh (hit) or stale, from it after a 304 (checked), by the "
    "origin (fetched), by the origin without asking the store (bypass), by the proxy (refused).",
    labels=(OUTCOME, ROUTE),
)
REASONS = Metric(
    "scrubjay_request_reasons_total",
    "counter",
    "Requests by the named reason why the store was not used, or was used though stale.",
    labels=(Label("reason"),),
)
RESPONSES = Metric(
    "scrubjay_responses_total",
    "counter",
    "Final responses by class of status.",
    labels=(Label("class", CLASSES),),
)
DURATION = Metric(
    "scrubjay_request_duration_seconds",
    "histogram",
    "From the request's head to the last byte of the answer.",
    unit="seconds",
    labels=(OUTCOME,),
)
SENT = Metric(
    "scrubjay_response_bytes_total",
    "counter",
    "Bytes of bodies sent to clients.",
    unit="bytes",
    labels=(OUTCOME,),
)
FROM_STORE = Metric(
    "scrubjay_store_read_bytes_total",
    "counter",
    "Bytes of bodies sent to clients that came out of the store.",
    unit="bytes",
)
COALESCED = Metric(
    "scrubjay_coalesced_requests_total",
    "counter",
    "Requests that waited for another's fetch instead of asking the origin.",
)
ORIGIN_REQUESTS = Metric(
    "scrubjay_origin_requests_total", "counter", "Requests sent to origins, checks included."
)
ORIGIN_DURATION = Metric(
    "scrubjay_origin_duration_seconds",
    "histogram",
    "From asking an origin to the last byte of its answer, failures left out.",
    unit="seconds",
)
ORIGIN_RECEIVED = Metric(
    "scrubjay_origin_response_bytes_total",
    "counter",
    "Bytes of bodies received from origins.",
    unit="bytes",
)
ORIGIN_FAILURES = Metric(
    "scrubjay_origin_failures_total",
    "counter",
    "Requests to origins that failed, by what failed.",
    labels=(Label("failure", FAILURES),),
)
ADMISSIONS = Metric(
    "scrubjay_admissions_total",
    "counter",
    "Responses that HTTP allows to store, by what the cache decided.",
    labels=(Label("decision", DECISIONS),),
)
EVICTIONS = Metric(
    "scrubjay_evictions_total",
    "counter",
    "Objects that left the store, by the policy in force and the reason.",
    labels=(POLICY, Label("reason", REMOVALS)),
)
FREED = Metric(
    "scrubjay_evicted_bytes_total",
    "counter",
    "Bytes freed by objects that left the store.",
    unit="bytes",
    labels=(POLICY, Label("reason", REMOVALS)),
)
HELD = Metric(
    "scrubjay_learned_lifetimes_total",
    "counter",
    "Lifetimes learned for responses that state none, by what the contact with the origin found.",
    labels=(Label("found", CONTACTS),),
)
LIFETIME = Metric(
    "scrubjay_learned_lifetime_seconds", "gauge", "Mean of all lifetimes learned.", unit="seconds"
)
STALENESS = Metric(
    "scrubjay_learned_staleness_ratio",
    "gauge",
    "Share of their answers that were older than the origin's version, estimated.",
    unit="ratio",
)
CACHE_BYTES = Metric("scrubjay_cache_bytes", "gauge", "Bytes the store holds.", unit="bytes")
CACHE_OBJECTS = Metric("scrubjay_cache_objects", "gauge", "Objects the store holds.")
CACHE_CAPACITY = Metric(
    "scrubjay_cache_capacity_bytes", "gauge", "Bytes the store may hold.", unit="bytes"
)
FILLING = Metric(
    "scrubjay_filling_bytes", "gauge", "Bytes received that are not stored yet.", unit="bytes"
)
STORE_UP = Metric(
    "scrubjay_store_up",
    "gauge",
    "1 while the store can be asked; while it can't, all is fetched from the origins.",
)
STORE_ERRORS = Metric(
    "scrubjay_store_errors_total",
    "counter",
    "Operations on a shared store that failed, took too long, or gave something garbled.",
    labels=(Label("operation", STORE_OPERATIONS),),
)
CONNECTIONS = Metric("scrubjay_connections", "gauge", "Connections of clients that are open.")
WORKERS = Metric("scrubjay_workers", "gauge", "Processes that serve.")
WORKER_RESTARTS = Metric(
    "scrubjay_worker_restarts_total", "counter", "Ended workers started again.", kept=True
)
POLICY_INFO = Metric(
    "scrubjay_policy_info", "info", "1 for the policy in force, 0 for the others.", labels=(POLICY,)
)
MODEL_INFO = Metric(
    "scrubjay_model_info",
    "info",
    "1 for the model in force, by its file's SHA-256; nothing under a policy without one.",
    labels=(Label("digest"),),
)
MODEL_CHANGES = Metric(
    "scrubjay_model_changes_total",
    "counter",
    "Models that were promoted, rolled back to, run in shadow, or dismissed from it.",
    labels=(Label("change", MODEL_EVENTS),),
)
MODEL_REFUSALS = Metric(
    "scrubjay_model_refusals_total",
    "counter",
    "Model files that were refused, by the first reason against them.",
    labels=(Label("reason", REFUSALS),),
)
FALLBACKS = Metric(
    "scrubjay_decision_fallbacks_total",
    "counter",
    "Decisions that a classic made instead of the policy in force, by what the policy did.",
    labels=(Label("reason", FAULTS),),
)
SHADOW_REQUESTS = Metric(
    "scrubjay_shadow_requests",
    "gauge",
    "Requests seen in a trial under way, by who challenges the policy in force.",
    labels=(Label("challenger", ("shadow", "previous")),),
)
SHADOW_LEAD = Metric(
    "scrubjay_shadow_lead_ratio",
    "gauge",
    "Hit ratio of the challenger in shadow, less that of the policy in force beside it.",
    unit="ratio",
    labels=(Label("challenger", ("shadow", "previous")),),
)
GUARD_REQUESTS = Metric(
    "scrubjay_guard_requests_total",
    "counter",
    "Requests that the shadow caches have seen; nothing under a policy without them.",
    kept=True,
)
GUARD_HITS = Metric(
    "scrubjay_guard_hits_total",
    "counter",
    "Of those, what each shadow cache would have answered, and what the live cache did.",
    labels=(CACHE,),
    kept=True,
)
GUARD_SWITCHES = Metric(
    "scrubjay_guard_switches_total",
    "counter",
    "Times that the guard followed another cache from then on.",
    kept=True,
)
GUARD_FOLLOWS = Metric(
    "scrubjay_guard_follows",
    "info",
    "1 for the cache that is followed, 0 for the others.",
    labels=(CACHE,),
)
GUARD_LEAD = Metric(
    "scrubjay_guard_lead",
    "gauge",
    "What each cache leads the followed one by: hits, bytes or seconds, as the objective says.",
    labels=(CACHE,),
)
GUARD_PRICE = Metric(
    "scrubjay_guard_price",
    "gauge",
    "The lead from which on a cache is followed, in the same unit.",
    labels=(CACHE,),
)
BUILD_INFO = Metric(
    "scrubjay_build_info", "info", "Always 1.", labels=(Label("version"), Label("python"))
)

METRICS: tuple[Metric, ...] = (
    REQUESTS,
    REASONS,
    RESPONSES,
    DURATION,
    SENT,
    FROM_STORE,
    COALESCED,
    ORIGIN_REQUESTS,
    ORIGIN_DURATION,
    ORIGIN_RECEIVED,
    ORIGIN_FAILURES,
    ADMISSIONS,
    EVICTIONS,
    FREED,
    HELD,
    LIFETIME,
    STALENESS,
    CACHE_BYTES,
    CACHE_OBJECTS,
    CACHE_CAPACITY,
    FILLING,
    STORE_UP,
    STORE_ERRORS,
    CONNECTIONS,
    WORKERS,
    WORKER_RESTARTS,
    POLICY_INFO,
    MODEL_INFO,
    MODEL_CHANGES,
    MODEL_REFUSALS,
    FALLBACKS,
    SHADOW_REQUESTS,
    SHADOW_LEAD,
    GUARD_REQUESTS,
    GUARD_HITS,
    GUARD_SWITCHES,
    GUARD_FOLLOWS,
    GUARD_LEAD,
    GUARD_PRICE,
    BUILD_INFO,
)
