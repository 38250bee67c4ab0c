"""Services that are killed, asked to stop, frozen, or joined by more; and an order that crashes every process that touches it."""

import asyncio
import random
import signal
import time
from collections.abc import Callable, Coroutine
from typing import Any

from harness.redis_client import text
from harness.runner.processes import alive
from harness.runner.settings import SERVICES

from ..clients import Plan
from ..options import VISIBILITY
from ..process import Process
from ..world import World
from . import Fault

GROUPS = {"router": ("accepted", "router"), "executor": ("routed", "executor"), "notifier": ("events", "persist")}


Harm = Callable[[World, random.Random, Process], Coroutine[Any, Any, None]]


def wanted(world: World) -> list[Fault]:
    faults = {
        "kill": [_on(kind, _kill) for kind in SERVICES], "term": [_on(kind, _term) for kind in SERVICES],
        "freeze": [_on(kind, _freeze) for kind in GROUPS], "scale": [_scale]}
    return [fault for name in world.wants(*faults) for fault in faults[name]]


def _on(kind: str, harm: Harm) -> Fault:
    async def begin(world: World, chance: random.Random) -> None:
        """Harms one process that nothing else is done to. The lane goes on while the process recovers."""
        free = [p for p in world.stack.processes.values() if p.kind == kind and p.running and not p.lock.locked() and p.number <= 2]
        if not free:
            return
        process = chance.choice(free)
        await process.lock.acquire()
        world.spawn(_released(process, harm(world, chance, process)))

    return begin


async def _released(process: Process, work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    finally:
        process.lock.release()


async def _kill(world: World, chance: random.Random, process: Process) -> None:
    with world.window("kill"):
        name = consumer(world, process)
        await world.stack.kill(process)
        world.count("kill", process.name)
        if name is not None and process.kind in GROUPS:
            world.spawn(_recovery(world, process.kind, name))
        await asyncio.sleep(chance.uniform(0.2, 2.0))
        await world.stack.launch(process)


async def _term(world: World, chance: random.Random, process: Process) -> None:
    with world.window("term"):
        code, seconds = await world.stack.terminate(process)
        world.count("term", process.name)
        world.measure("SIGTERM to end", seconds)
        if code != 0:
            world.violation(f"{process.name} ended with {code} after SIGTERM, {seconds:.1f} s")
        await asyncio.sleep(chance.uniform(0.1, 1.0))
        await world.stack.launch(process)


async def _freeze(world: World, chance: random.Random, process: Process) -> None:
    with world.window("freeze"):
        world.stack.signal(process, signal.SIGSTOP)
        world.count("freeze", process.name)
        await asyncio.sleep(VISIBILITY * chance.uniform(1.2, 3.0 if not world.options.short else 2.0))
        world.stack.signal(process, signal.SIGCONT)
        await asyncio.sleep(0.5)


async def _scale(world: World, chance: random.Random) -> None:
    """Adds a third router and a third executor for a while."""

    async def one(kind: str) -> None:
        process = await world.stack.add(kind)
        world.count("scale", process.name)
        await asyncio.sleep(chance.uniform(4, 10) * world.options.pace)
        process.retired = True
        code, seconds = await world.stack.terminate(process)
        process.lock.release()
        if code != 0:
            world.violation(f"{process.name} ended with {code} after SIGTERM, {seconds:.1f} s")

    for kind in ("router", "executor"):
        world.spawn(one(kind))


def consumer(world: World, process: Process) -> str | None:
    """The name of a process as a consumer."""
    return next((name for name, (_, pid) in world.stack.instances().items() if pid == process.pid), None)


async def _recovery(world: World, kind: str, name: str) -> None:
    """Measures how long a dead consumer's entries stay with it, if nothing else is broken meanwhile."""
    stream, group = GROUPS[kind]
    start, moment = time.monotonic(), time.time()
    first, deadline = None, start + 60
    while time.monotonic() < deadline:
        # After several crashes every entry is a suspect and is begun alone, with quotes that are slow on purpose.
        if world.under_way("poison"):
            deadline = time.monotonic() + 60
        held = 0
        for partition in world.partitions:
            rows = await world.redis("XPENDING", world.prefix(partition) + stream, group)
            held += sum(int(text(row[1])) for row in rows[3] or () if text(row[0]) == name)
        first = held if first is None else first
        if held == 0:
            if first and world.calm(moment, "kill", "term"):
                world.measure(f"{kind} killed, until all it held was taken over", time.monotonic() - start)
            return
        await asyncio.sleep(0.1)
    world.violation(f"what {name} held when it was killed was not taken over within 60 s")


# Slow, so that there is time to kill a router between its first step and its last.
SLOW = {"MOCK_QUOTE_LATENCY_MS": "1200-1500"}
TRIES = 3


async def hunt(world: World) -> None:
    chance = world.chance("poison")
    await asyncio.sleep(chance.uniform(1, 3))
    for _ in range(TRIES):
        with world.window("poison"):
            if await _poisoned(world, chance):
                return
    world.violation(f"none of {TRIES} orders that crash their worker came to be POISONED")


async def _poisoned(world: World, chance: random.Random) -> bool | None:
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


async def _crash_until_failed(world: World, order: str) -> bool:
    """Kills each process that has started the order. True if the order has failed, False if it got away.

    The first start is not counted in the hash; a later one is, with the delivery that has made it."""
    prefix = world.prefix(world.partition_of(order))
    deadline = time.monotonic() + 150
    killed = set()
    while time.monotonic() < deadline:
        values = await world.redis("HMGET", f"{prefix}o:{order}", "s", "d")
        place, starts = (text(value) or "" for value in values)
        state, entry = place.split(" ")[0], place.split(" ")[-1]
        if state == "failed":
            return True
        if state not in ("pending", "routing"):
            return False
        if state == "routing" and starts not in killed and entry.startswith("accepted:"):
            owner = await _owner(world, prefix, entry.removeprefix("accepted:"))
            process, pid = world.stack.instances().get(owner, (None, 0))
            if process is not None and alive(pid):
                killed.add(starts)
                world.note(f"poison: start {starts.split(':')[2] if starts else 1} of {order} on {process.name}")
                await world.stack.crash(process, pid)
        await asyncio.sleep(0.02)
    return False


async def _owner(world: World, prefix: str, entry: str) -> str | None:
    rows = await world.redis("XPENDING", f"{prefix}accepted", "router", entry, entry, 1)
    return text(rows[0][1]) if rows else None
