"""The policy in force: made from settings and a model file, exchanged between two decisions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from scrubjay_policies.policy import Policy
from scrubjay_proxy.building import policy_of
from scrubjay_proxy.models.fallback import Fallback
from scrubjay_proxy.sections import CacheSection


class InForce:
    """`policy` is as it was made, the store has it with a fall-back around it; `file` is the
    model that policies are made with, None for the one that is shipped, `name` what it was asked
    for by."""

    def __init__(self, cache: CacheSection, fallback: Fallback) -> None:
        self.cache = cache
        self.name, self.file = cache.policy, cache.model_file
        self._fallback = fallback

    def begin(self, policy: Policy, file: Path | None) -> Policy:
        """The policy to begin with, for a store that is not made yet."""
        self.policy, self.file = policy, file
        return self._fallback.around(policy)

    def decide_for(self, use: Callable[[Policy], None]) -> None:
        """How a store is told of another policy."""
        self._use = use

    def made(self, name: str, file: Path | None) -> Policy:
        """A policy with a model, which is verified even where the policy has no use for it.
        Raises PolicyError; reads a file."""
        return policy_of(self.cache, name, file)

    def use(self, policy: Policy) -> None:
        """Decide by another one from now on."""
        self.policy = policy
        self._use(self._fallback.around(policy))

    def use_named(self, name: str) -> None:
        """The same, by name. Raises PolicyError."""
        self.use(self.made(name, self.file))
        self.name = name
