"""What the cache as a whole has seen lately, so that features need no scale of their own."""

from __future__ import annotations

RATE = 1e-3  # weight of a request in the running means, once a thousand were seen
_MANY = 1000  # requests, after which the mean goes on at RATE
LEAST_MISSES = 1e-3  # so that a turnover is finite


class Climate:
    """Running means: the ratio of misses, the size of what was fetched, how objects fare."""

    def __init__(self) -> None:
        self.misses = 1.0
        self.mean_size = 1.0  # bytes
        self.firsts = 0.5  # of hits
        self.wasted = 0.5  # of evictions
        self._requests = 0
        self._fetched = 0

    def hit(self, first: bool = False) -> None:
        """A request was answered from the cache, the first one since its object came in or not."""
        self.firsts += RATE * (first - self.firsts)
        self._requests = requests = self._requests + 1
        self.misses -= (RATE if requests > _MANY else 1.0 / requests) * self.misses

    def hits(self, count: int) -> None:
        """So many hits at once, none of them a first one. They count as one after another would,
        to the first order of `RATE`."""
        self._requests += count
        more = 1.0 + count * max(RATE, 1.0 / (self._requests - count))
        self.misses /= more
        self.firsts /= 1.0 + count * RATE

    def miss(self, size: float) -> None:
        """An object of so many bytes was fetched."""
        self._requests += 1
        self._fetched += 1
        self.misses += max(RATE, 1.0 / self._requests) * (1.0 - self.misses)
        self.mean_size += max(RATE, 1.0 / self._fetched) * (size - self.mean_size)

    def evicted(self, unused: bool) -> None:
        """An object left that had not been hit since it came in, or that had."""
        self.wasted += RATE * (unused - self.wasted)

    def turnover(self, held: int) -> float:
        """Requests in which the cache fetches as many objects as it holds."""
        return max(1.0, held / max(self.misses, LEAST_MISSES))
