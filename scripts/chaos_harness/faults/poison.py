"""An order that crashes whoever touches it: the process that has begun with it is killed, again and again, until the engine gives it up."""

import asyncio
import time

from runner.processes import alive

from ..clients import Plan
from ..redis_client import text

# So that there is time to kill a router between its first step and its last.
SLOW = {"MOCK_QUOTE_LATENCY_MS": "1200-1500"}
TRIES = 3


async def hunt(world):
    chance = world.chance("poison")
    await asyncio.sleep(chance.uniform(1, 3))
    for _ in range(TRIES):
        with world.window("poison"):
            if await _one(world, chance):
                return
    world.violation(f"none of {TRIES} orders that crash their worker came to be POISONED")


async def _one(world, chance):
    routers = [process for process in world.stack.processes.values() if process.kind == "router" and process.number <= 2]
    world.stack.own["router"] = SLOW
    try:
        for process in routers:
            async with process.lock:
                await world.stack.terminate(process)
                await world.stack.launch(process)
        order = await world.place_alone(Plan.plain(chance.randint(1, 1 << 40)))
        if order is None:
            return False
        world.poisoned.add(order)
        if await _crash_until_failed(world, order):
            world.count("poison", order)
            return True
        world.poisoned.discard(order)
        return False
    finally:
        del world.stack.own["router"]
        for process in routers:
            async with process.lock:
                await world.stack.terminate(process)
                await world.stack.launch(process)


async def _crash_until_failed(world, order):
    """Kills each process that has counted a start of the order. True when the order has failed, False when it got away."""
    prefix = world.prefix(world.partition_of(order))
    deadline = time.monotonic() + 150
    killed = set()
    while time.monotonic() < deadline:
        values = await world.redis("HMGET", f"{prefix}order:{order}", "state", "starts", "entry")
        state, starts, entry = (text(value) or "" for value in values)
        if state == "failed":
            return True
        if state not in ("pending", "routing"):
            return False
        if state == "routing" and starts not in killed and entry.startswith("accepted "):
            owner = await _owner(world, prefix, entry.split()[1])
            process, pid = world.stack.instances().get(owner, (None, 0))
            if process is not None and alive(pid):
                killed.add(starts)
                world.note(f"poison: start {starts.split(':')[2]} of {order} on {process.name}")
                await world.stack.crash(process, pid)
        await asyncio.sleep(0.02)
    return False


async def _owner(world, prefix, entry):
    rows = await world.redis("XPENDING", f"{prefix}accepted", "router", entry, entry, 1)
    return text(rows[0][1]) if rows else None
