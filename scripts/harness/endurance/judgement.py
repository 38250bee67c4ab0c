"""What figures over time say: whether they grow, and when they are as before again."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Points = Sequence[tuple[float, float]]  # (seconds, value)


@dataclass(frozen=True)
class Finding:
    """One line of the judgement."""

    what: str
    figure: str
    bound: str
    holds: bool


def slope(points: Points) -> float:
    """The fitted growth a second (least squares). 0 for fewer than two moments."""
    count = len(points)
    if count < 2:
        return 0.0
    mean_at, mean_value = (sum(point[index] for point in points) / count for index in (0, 1))
    spread = sum((at - mean_at) ** 2 for at, _ in points)
    return sum((at - mean_at) * (value - mean_value) for at, value in points) / spread if spread else 0.0


def after(points: Points, moment: float) -> list[tuple[float, float]]:
    """What comes after the warm-up."""
    return [point for point in points if point[0] >= moment]


def growth(points: Points) -> float:
    """How much the fitted line rises from the first to the last point."""
    return slope(points) * (points[-1][0] - points[0][0]) if points else 0.0


def is_flat(points: Points, share: float, least: float) -> bool:
    """Whether the fitted line rises by at most a share of the mean, or by `least`, whichever is more: small figures move in steps."""
    if not points:
        return True
    mean = sum(value for _, value in points) / len(points)
    return growth(points) <= max(share * mean, least)


def back_to_normal(
    orders: Iterable[tuple[float, float | None]], limit: float, late: float = 0.01, step: float = 0.5, lasting: float | None = None
) -> float | None:
    """Seconds until all is as before, by orders as (when each was sent, how long it took, or None if it was refused).

    That is the start of the first step of time from which on all but a share of `late` (or one) are accepted and take at most `limit`: for `lasting`
    seconds, or else to the end. None if that never comes."""
    start, steps = None, {}
    for at, took in orders:
        steps.setdefault(int(at / step), []).append(took)
    for number, taken in sorted(steps.items()):
        if sum(1 for took in taken if took is None or took > limit) > max(1, late * len(taken)):
            start = None
            continue
        start = number if start is None else start
        if lasting is not None and (number + 1 - start) * step >= lasting:
            return start * step
    return start * step if start is not None and lasting is None else None
