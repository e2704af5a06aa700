"""What an operator may decide about caching, as one frozen value per route."""

from __future__ import annotations

from dataclasses import dataclass, field

TRACKING_PARAMETERS = (
    "utm_*", "gclid", "gclsrc", "dclid", "gbraid", "wbraid", "fbclid", "msclkid", "twclid",
    "ttclid", "igshid", "yclid", "mc_cid", "mc_eid", "_ga", "_gl", "_hsenc", "_hsmi", "mkt_tok",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class KeyRules:
    """Which query parameters tell responses apart; what is dropped is not sent on either.

    Names may end in `*`. With `keep` given only those count. Fragments of a query without
    a name stay where they are.
    """

    drop: tuple[str, ...] = TRACKING_PARAMETERS
    keep: tuple[str, ...] = ()
    sort: bool = False


@dataclass(frozen=True, slots=True)
class Rules:
    """Choices within RFC 9111; seconds where it is time."""

    heuristic_fraction: float = 0.1
    heuristic_max: float = 86400.0
    ttl_min: float | None = None
    ttl_max: float | None = None
    ttl_default: float | None = None
    learns: bool = False  # lifetimes that the origin leaves to the cache are learned
    unreachable_grace: float = 86400.0
    cookies_private: bool = True
    targets: tuple[str, ...] = ("cdn-cache-control",)
    key: KeyRules = field(default_factory=KeyRules)
