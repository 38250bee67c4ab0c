"""FLUSHALL, when the audit is over: what the engine forgets must not stop it."""

import asyncio
import time

from . import logs
from .clients import Plan

ORDERS = 20


async def flush(world, say):
    """New orders come to their end though every stream and group is gone; nothing spins meanwhile."""
    before = logs.lines(world)
    await world.redis("FLUSHALL")
    world.count("flush")
    start = time.monotonic()
    world.sockets.closing = world.clients.closing = False
    plans = [Plan.plain(2_000_000_000_000 + number) for number in range(ORDERS)]
    followed = await asyncio.gather(*(_one(world, plan) for plan in plans))
    seconds = time.monotonic() - start
    if not all(followed):
        world.violation(f"after FLUSHALL {followed.count(False)} of {ORDERS} new orders did not come to their end within 30 s")
    world.measure(f"FLUSHALL, until {ORDERS} new orders were final", seconds)
    rate = (logs.lines(world) - before) / max(1.0, time.monotonic() - start) / len(world.stack.processes)
    world.measure("log lines a second and process after FLUSHALL", rate)
    if rate > 60:
        world.violation(f"{rate:.0f} log lines a second and process after FLUSHALL")


async def _one(world, plan):
    try:
        async with asyncio.timeout(30):
            submission = await world.clients.place(plan)
            await world.clients.stay(submission)
            return bool(submission.followed and submission.followed.final)
    except TimeoutError:
        return False
