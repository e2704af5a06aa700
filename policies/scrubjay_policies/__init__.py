"""Eviction policies: pure arithmetic on numpy arrays, the same for proxy, simulator, trainer."""

from scrubjay_policies.engine import Engine, Offer
from scrubjay_policies.features import FEATURES, Moment, observe
from scrubjay_policies.policy import Policy, PolicyError
from scrubjay_policies.registry import names, policy

__all__ = [
    "FEATURES",
    "Engine",
    "Moment",
    "Offer",
    "Policy",
    "PolicyError",
    "names",
    "observe",
    "policy",
]
