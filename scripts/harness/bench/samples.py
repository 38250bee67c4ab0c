"""Percentiles of all samples, none of them estimated."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Spread:
    """Milliseconds, but for the count."""

    count: int
    p50: float
    p99: float
    p999: float
    max: float

    def record(self) -> dict[str, float]:
        return {name: round(value, 3) for name, value in asdict(self).items()}


def spread(seconds: Sequence[float]) -> Spread | None:
    """The nearest ranks of times given in seconds. None if there are none."""
    if not seconds:
        return None
    ordered = sorted(seconds)

    def rank(share: float) -> float:
        return ordered[max(0, math.ceil(share * len(ordered)) - 1)] * 1000

    return Spread(len(ordered), rank(0.5), rank(0.99), rank(0.999), ordered[-1] * 1000)
