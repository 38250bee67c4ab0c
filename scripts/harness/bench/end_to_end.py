"""End to end, sustained: orders a second with a flat backlog, and what an order costs."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from statistics import fmean

from harness.http_client import Json

from .engine import Engine, engine
from .http_load import Poster
from .load import CONNECTIONS, ClosedLoop, run
from .options import Options
from .peer import peer
from .subject import Reading, Subject, cpu_record, spent

DRAIN = 60.0  # seconds


def measure(options: Options, say: Callable[[str], None]) -> list[Json]:
    """One record for each round of the engine and of the peer, which take turns."""
    records = []
    for sync in options.syncs:
        for replicas in options.replicas:
            for turn in range(1, options.scale.rounds + 1):
                subjects: list[AbstractContextManager[Subject]] = [
                    engine(sync, replicas, options.edge, keyed=keyed) for keyed in options.keyed]
                if options.peer and replicas == options.replicas[0]:
                    subjects.append(peer(sync))
                for lent in subjects:
                    with lent as subject:
                        record = run(sustain(subject, options), options.scale.warm_up + options.scale.sustained + DRAIN + 60)
                    count = replicas if isinstance(subject, Engine) else 1
                    about = {"subject": subject.name, "appendfsync": sync, "replicas": count, "round": turn}
                    records.append(about | record)
                    say(f"{subject.name}, {sync}, {count} of each, round {turn}: {record['ordersPerSecond']}/s")
    return records


async def sustain(subject: Subject, options: Options) -> Json:
    async with subject, Poster(subject.posts, CONNECTIONS) as poster:
        empty = await subject.read()
        async with ClosedLoop(subject, poster, min(options.window, subject.max_window or options.window)) as load:
            await load.for_seconds(options.scale.warm_up)
            first, done = await subject.read(), await load.finished()
            load.backlogs.clear()
            await load.for_seconds(options.scale.sustained)
            last, orders = await subject.read(), await load.finished() - done
            backlogs = list(load.backlogs)
            await load.drain(DRAIN)
            assert orders > 0, "no order was done"
            full = await subject.read()
            return _record(first, last, orders) | {
                "underWay": _flatness(backlogs), "accepted": load.accepted, "bytes": _bytes(empty, full, load.appended, load.accepted)}


def _record(first: Reading, last: Reading, orders: float) -> Json:
    cpu = spent(first.cpu, last.cpu, orders)
    seconds = last.at - first.at
    return {
        "seconds": round(seconds, 2), "orders": round(orders), "ordersPerSecond": round(orders / seconds, 1), "cpu": cpu_record(cpu),
        "cores": round(sum(cpu[kind].total for kind in ("total", "load")) * orders / seconds / 1e6, 2)}


def _flatness(backlogs: list[float]) -> Json:
    """The orders under way: at first and at last, so that one sees whether they have become more."""
    third = max(1, len(backlogs) // 3)
    return {"first": round(fmean(backlogs[:third])), "last": round(fmean(backlogs[-third:])), "max": round(max(backlogs))}


def _bytes(empty: Reading, full: Reading, appended: int, orders: int) -> Json:
    """Bytes an order, from the first order to the end of the last."""
    return {
        "appendOnlyFile": round(appended / orders), "redisMemory": round((full.redis_memory - empty.redis_memory) / orders),
        "wal": round((full.wal - empty.wal) / orders), "disk": round((full.disk - empty.disk) / orders)}
