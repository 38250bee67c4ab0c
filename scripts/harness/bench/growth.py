"""What an order costs while orders gather in Redis and rows in Postgres. Every one of them has gone through the engine."""

import time
from collections.abc import Callable

from harness.http_client import Json

from .engine import Engine, engine
from .http_load import Poster
from .load import CONNECTIONS, ClosedLoop, run
from .options import Options
from .subject import Reading, cpu_record, spent

STEPS = 5
# Redis takes no new orders from three quarters of its limit on.
MAX_FILLED = 0.7
DRAIN = 60.0  # seconds


def measure(options: Options, say: Callable[[str], None]) -> list[Json]:
    """One record for each step on the way to so many orders, and for each time that Redis keeps them."""
    records = []
    for life in options.scale.lives:
        with engine(options.syncs[0], options.replicas[0], options.edge, {"ORDER_STATE_TTL_S": str(life)}) as subject:
            steps = run(_fill(subject, options, say), options.scale.growth_seconds + DRAIN + 120)
        records += [{"appendfsync": options.syncs[0], "keptSeconds": life} | step for step in steps]
    return records


async def _fill(subject: Engine, options: Options, say: Callable[[str], None]) -> list[Json]:
    steps, scale = [], options.scale
    deadline = time.monotonic() + scale.growth_seconds
    async with subject, Poster(subject.posts, CONNECTIONS) as poster, ClosedLoop(subject, poster, options.window) as load:
        await load.for_seconds(scale.warm_up)
        for number in range(1, STEPS + 1):
            before, done, forks = await subject.read(), await load.finished(), await _forks(subject)
            while await load.finished() < scale.growth_orders * number / STEPS and time.monotonic() < deadline and await _has_room(subject):
                await load.for_seconds(0.5)
            orders = await load.finished() - done
            if orders < 1000:
                break
            record = _step(before, await subject.read(), done, orders) | {
                "keys": await subject.redis.once("DBSIZE"), "rewrites": await _forks(subject) - forks}
            steps.append(record)
            say(f"{record['from']} to {record['to']} orders: {record['cpuTotal']} us an order")
        await load.drain(DRAIN)
    assert steps, "too few orders were done to say what one costs"
    return steps


def _step(before: Reading, after: Reading, done: float, orders: float) -> Json:
    cpu = spent(before.cpu, after.cpu, orders)
    return {
        "from": max(0, round(done)), "to": round(done + orders), "ordersPerSecond": round(orders / (after.at - before.at), 1),
        "cpuTotal": round(cpu["total"].total, 1), "cpu": cpu_record(cpu)}


async def _forks(subject: Engine) -> int:
    """How often Redis has rewritten its append-only file, which costs what a step has nothing to do with."""
    return int((await subject.info("stats"))["total_forks"])


async def _has_room(subject: Engine) -> bool:
    memory = await subject.info("memory")
    limit = int(memory["maxmemory"])
    return not limit or int(memory["used_memory"]) < limit * MAX_FILLED
