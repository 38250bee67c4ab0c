"""Redis and Postgres that die, are full, or stay away."""

import asyncio
import signal
import time


def wanted(world):
    faults = {"redis": _redis, "disk": _disk, "memory": _memory, "postgres": _postgres}
    return [faults[name] for name in world.wants(*faults)]


async def _back(world):
    """Starts Redis again, and measures how long it takes until a gateway takes orders."""
    await world.stack.start_server("redis")
    start = time.monotonic()
    while time.monotonic() - start < 60:
        if world.clients.accepted_at and world.clients.accepted_at[-1] > start:
            world.measure("Redis back, until the next 202", world.clients.accepted_at[-1] - start)
            return
        if not world.loading:
            return
        await asyncio.sleep(0.02)
    world.violation("no order was accepted within 60 s after Redis was back")


async def _redis(world, chance):
    with world.window("redis"):
        await world.stack.end_server("redis", signal.SIGKILL)
        world.count("redis")
        await asyncio.sleep(chance.uniform(0.0, 2.5))
        await _back(world)


async def _disk(world, chance):
    """Redis' file may not grow by more than a little, as on a full disk: under `always` Redis ends itself rather than lie."""
    folder = world.stack.run.path / "redis/appendonlydir"
    room, limited = chance.randint(1_000, 60_000), None
    with world.window("disk"):
        child = world.stack.children["redis-1"]
        deadline = time.monotonic() + 20
        while child.poll() is None and time.monotonic() < deadline:
            # A rewrite begins a new, empty file.
            newest = max(folder.glob("*.incr.aof"), key=lambda file: int(file.name.split(".")[-3]))
            if newest != limited:
                world.stack.limit_files("redis", newest.stat().st_size + room)
                limited = newest
            await asyncio.sleep(0.05)
        if child.poll() is None:
            world.stack.limit_files("redis", None)
            if world.loading:
                world.violation("Redis went on though its file could not grow")
            return
        world.count("disk")
        await asyncio.sleep(chance.uniform(0.5, 2.0))
        await _back(world)


async def _memory(world, chance):
    """Nothing new is let in, what is inside goes on."""
    with world.window("memory"):
        try:
            used = int(pairs_of_info(await world.redis("INFO", "memory"))["used_memory"])
            await world.redis("CONFIG", "SET", "maxmemory", max(1, used - 100_000))
            world.count("memory")
            await asyncio.sleep(chance.uniform(1.5, 3.0))
        finally:
            await world.redis("CONFIG", "SET", "maxmemory", 0)


def pairs_of_info(reply):
    return dict(line.split(":", 1) for line in reply.decode().splitlines() if ":" in line)


async def _postgres(world, chance):
    """Away at once; orders go on. Half of the time a notifier is killed with what it could not store."""
    away = chance.uniform(4, 8) if world.options.short else chance.uniform(8, 30)
    with world.window("postgres"):
        accepted, ended, loaded = len(world.clients.accepted_at), len(world.sockets.finals_at), world.loading
        await world.stack.end_server("postgres", signal.SIGQUIT)
        world.count("postgres", f"for {away:.0f} s")
        await asyncio.sleep(away / 2)
        notifier = world.stack.processes[f"notifier-{chance.randint(1, 2)}"]
        if "kill" in world.options.faults and chance.random() < 0.6 and not notifier.lock.locked() and notifier.running:
            async with notifier.lock:
                await world.stack.kill(notifier)
                world.count("kill", f"{notifier.name}, with Postgres away")
                await world.stack.launch(notifier)
        await asyncio.sleep(away / 2)
        if loaded and world.loading:
            if len(world.clients.accepted_at) == accepted:
                world.violation(f"no order was accepted while Postgres was away for {away:.0f} s")
            if len(world.sockets.finals_at) == ended:
                world.violation(f"no order came to its end while Postgres was away for {away:.0f} s")
        await world.stack.start_server("postgres")
