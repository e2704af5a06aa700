"""What the cache as a whole has seen lately, so that features need no scale of their own."""

from __future__ import annotations

RATE = 1e-3  # weight of a request in the running means, once a thousand were seen
LEAST_MISSES = 1e-3  # so that a turnover is finite


class Climate:
    """Running means over requests: the ratio of misses, and the size of what was fetched."""

    def __init__(self) -> None:
        self.misses = 1.0
        self.mean_size = 1.0  # bytes
        self._requests = 0
        self._fetched = 0

    def hit(self) -> None:
        """A request was answered from the cache."""
        self._requests += 1
        self.misses -= max(RATE, 1.0 / self._requests) * self.misses

    def miss(self, size: float) -> None:
        """An object of so many bytes was fetched."""
        self._requests += 1
        self._fetched += 1
        self.misses += max(RATE, 1.0 / self._requests) * (1.0 - self.misses)
        self.mean_size += max(RATE, 1.0 / self._fetched) * (size - self.mean_size)

    def turnover(self, held: int) -> float:
        """Requests in which the cache fetches as many objects as it holds."""
        return max(1.0, held / max(self.misses, LEAST_MISSES))
