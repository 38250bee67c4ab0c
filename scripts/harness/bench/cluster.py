"""End to end on one Redis and on a cluster of three masters, with as many partitions, in turn."""

from collections.abc import Callable

from harness.http_client import Json

from .end_to_end import DRAIN, sustain
from .load import run
from .masters import engine_on
from .options import Options

MASTERS = (1, 3)


def measure(options: Options, say: Callable[[str], None]) -> list[Json]:
    """One record for each round of each."""
    records = []
    for turn in range(1, options.scale.rounds + 1):
        for count in MASTERS:
            with engine_on(count, options.syncs[0], options.replicas[0]) as subject:
                record = run(sustain(subject, options), options.scale.warm_up + options.scale.sustained + DRAIN + 60)
            about = {"subject": subject.name, "appendfsync": options.syncs[0], "replicas": options.replicas[0], "round": turn}
            records.append(about | record)
            redis = record["cpu"]["redis"]
            say(f"{subject.name}, round {turn}: {record['ordersPerSecond']}/s, Redis {redis['user'] + redis['system']:.1f} us an order")
    return records
