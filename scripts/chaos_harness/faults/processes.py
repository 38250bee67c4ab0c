"""Services that are killed, asked to stop, frozen, or joined by more."""

import asyncio
import signal
import time

from ..options import VISIBILITY
from ..redis_client import text

SERVICES = ("gateway", "router", "executor", "notifier")
GROUPS = {"router": ("accepted", "router"), "executor": ("routed", "executor"), "notifier": ("events", "persist")}


def wanted(world):
    faults = []
    if world.wants("kill"):
        faults += [_on(kind, _kill) for kind in SERVICES]
    if world.wants("term"):
        faults += [_on(kind, _term) for kind in SERVICES]
    if world.wants("freeze"):
        faults += [_on(kind, _freeze) for kind in GROUPS]
    if world.wants("scale"):
        faults.append(_scale)
    return faults


def _on(kind, harm):
    async def begin(world, chance):
        """Harms one process that nobody else is busy with; the lane goes on while it recovers."""
        free = [p for p in world.stack.processes.values() if p.kind == kind and p.running and not p.lock.locked() and p.number <= 2]
        if not free:
            return
        process = chance.choice(free)
        await process.lock.acquire()
        world.spawn(_released(process, harm(world, chance, process)))

    return begin


async def _released(process, work):
    try:
        await work
    finally:
        process.lock.release()


async def _kill(world, chance, process):
    with world.window("kill"):
        name = consumer(world, process)
        await world.stack.kill(process)
        world.count("kill", process.name)
        if name is not None and process.kind in GROUPS:
            world.spawn(_recovery(world, process.kind, name))
        await asyncio.sleep(chance.uniform(0.2, 2.0))
        await world.stack.launch(process)


async def _term(world, chance, process):
    with world.window("term"):
        code, seconds = await world.stack.terminate(process)
        world.count("term", process.name)
        world.measure("SIGTERM to end", seconds)
        if code != 0:
            world.violation(f"{process.name} ended with {code} after SIGTERM, {seconds:.1f} s")
        await asyncio.sleep(chance.uniform(0.1, 1.0))
        await world.stack.launch(process)


async def _freeze(world, chance, process):
    with world.window("freeze"):
        world.stack.signal(process, signal.SIGSTOP)
        world.count("freeze", process.name)
        await asyncio.sleep(VISIBILITY * chance.uniform(1.2, 3.0 if not world.options.short else 2.0))
        world.stack.signal(process, signal.SIGCONT)
        await asyncio.sleep(0.5)


async def _scale(world, chance):
    """A third router and executor for a while."""

    async def one(kind):
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


def consumer(world, process):
    """The name of a process as a consumer."""
    return next((name for name, (_, pid) in world.stack.instances().items() if pid == process.pid), None)


async def _recovery(world, kind, name):
    """How long what a dead consumer held stays with it; measured where nothing else is broken meanwhile."""
    stream, group = GROUPS[kind]
    start, moment = time.monotonic(), time.time()
    first, deadline = None, start + 60
    while time.monotonic() < deadline:
        # After several crashes everything is a suspect and begun one by one, with quotes that are slow on purpose.
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
