"""What is counted, and how often each thing is done."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """An operation of `micro-benchmark`. It is done `count` times in one run and twice as often in another: the difference is without the start."""

    name: str
    count: int
    server: str = ""  # the server that it needs: redis or postgres


LOCAL = tuple(
    Case(name, count) for name, count in (
        ("order-in", 1000), ("answer", 1000), ("fold", 400), ("record", 400),
        ("quote", 1000), ("quote-moving", 1000), ("quote-split", 400),
        ("frames-native", 400), ("frames-000", 400), ("frames-001", 400), ("frames-002_003", 400), ("frames-004", 400),
        ("socket", 2048)))
SERVED = (Case("life-stored", 192, "redis"), Case("rows", 2048, "postgres"))

# What Redis itself does in a life as far as to a stage: the name of the figure, and its case. The stages are not told apart, because what workers ask
# once a second would be a large part of the smaller ones. And what it does for a transaction of the mock chain.
IN_REDIS = (
    *((f"redis-{stage}", Case(f"life-{stage}", 256, "redis")) for stage in ("accepted", "routed", "confirmed", "stored")),
    ("redis-ledger", Case("ledger", 256, "redis")))

NAMES = tuple(case.name for case in LOCAL + SERVED) + tuple(name for name, _ in IN_REDIS)
