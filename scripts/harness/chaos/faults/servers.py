"""Redis and Postgres that die, are full, or stay away; links between one service and Redis that lose replies, fall silent or are slow."""

import asyncio
import random
import signal
import time

from harness.http_client import Lost, request
from harness.redis_client import Redis

from ..process import Process
from ..world import World
from . import Fault

BACK_WITHIN = 5.0  # seconds after Redis has returned
NEVER_BACK = 60.0  # seconds, whatever else is broken or busy
STRAINED = 0.25  # if Redis takes this many seconds to answer the harness itself, the machine is too busy to hold a process to BACK_WITHIN
MAX_LINES = 10.0  # log lines per second and process while Redis is away
WHOLE_NODES = ("stall", "delay", "failover", "planned-failover", "partition")
# Faults that leave the gateways alone, and all that a new order needs of them.
ELSEWHERE = ("redis", "disk", "freeze", "malformed", "poison")


def wanted(world: World) -> list[Fault]:
    # Twice, because what a kill interrupts differs from one kill to the next.
    faults = {"redis": [_redis] * (1 if world.options.short else 2), "disk": [_disk], "memory": [_memory], "postgres": [_postgres]}
    return [fault for name in world.wants(*faults) for fault in faults[name]]


async def _redis(world: World, chance: random.Random) -> None:
    with world.window("redis"):
        since, sync = await world.stack.strike_server("redis")
        world.count("redis", {"hit": "in the middle of a sync", "seen": "at a sync", "-": "with no sync seen"}[sync])
        counts = world.measures.setdefault("kills of Redis counted, at a sync, of these before its end for certain", [0, 0, 0])
        for index, counts_here in enumerate((True, sync != "-", sync == "hit")):
            counts[index] += counts_here
        await _return(world, since, chance.uniform(0.0, 2.5))


async def _return(world: World, since: float, seconds: float) -> None:
    """Starts Redis again, which has been away since `since`. Checks that the services are quiet until then, and back soon after."""
    unharmed = {process: process.pid for process in world.stack.processes.values() if _unharmed(process)}
    await asyncio.sleep(seconds)
    _lines(world, unharmed, since)
    moment, machine = time.time(), _Machine(world)
    await world.stack.start_server("redis")
    watch = asyncio.create_task(machine.watch())
    try:
        await asyncio.gather(_accepts(world, machine, moment), *(_ready(world, machine, process, pid) for process, pid in unharmed.items()))
    finally:
        watch.cancel()
        world.measure("Redis back, its slowest answer meanwhile", machine.slowest)


class _Machine:
    """Measures how long Redis takes to answer a client that has nothing else to do."""

    def __init__(self, world: World) -> None:
        self.redis, self.slowest = Redis(world.stack.redis_port), 0.0

    @property
    def strained(self) -> bool:
        return self.slowest > STRAINED

    async def watch(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while True:
                start = loop.time()
                await self.redis("PING")
                self.slowest = max(self.slowest, loop.time() - start)
                await asyncio.sleep(0.05)
        finally:
            self.redis.close()


def _unharmed(process: Process, pid: int | None = None) -> bool:
    """Whether no fault touches the process or its link, and it is still in the life that `pid` names."""
    whole = process.running and not process.retired and not process.lock.locked() and not process.proxy.stalled and not process.proxy.delay
    return whole and pid in (None, process.pid)


def _lines(world: World, processes: dict[Process, int], since: float) -> None:
    now, name = time.time(), "log lines a second and process while Redis was away, most"
    for process, pid in processes.items():
        if _unharmed(process, pid):
            rate = world.stack.lines_between(process, since, now) / max(1.0, now - since)
            world.measures[name] = [max(rate, *world.measures.get(name, [0.0]))]
            if rate > MAX_LINES:
                world.violation(f"{process.name} wrote {rate:.0f} log lines a second while Redis was away")


async def _accepts(world: World, machine: _Machine, moment: float) -> None:
    """Measures how long it takes until a gateway accepts orders."""
    start = time.monotonic()
    while time.monotonic() - start < NEVER_BACK:
        if world.clients.accepted_at and world.clients.accepted_at[-1] > start:
            seconds = world.clients.accepted_at[-1] - start
            world.measure("Redis back, until the next 202", seconds)
            if seconds > BACK_WITHIN and not machine.strained and world.calm(moment, *ELSEWHERE):
                world.violation(f"no order was accepted for {seconds:.1f} s after Redis was back, with nothing else broken")
            return
        await asyncio.sleep(0.02)
    world.violation(f"no order was accepted within {NEVER_BACK:g} s after Redis was back")


async def _ready(world: World, machine: _Machine, process: Process, pid: int) -> None:
    """Checks that the process is ready again, if no fault touches it meanwhile."""
    start, seconds = time.monotonic(), 0.0
    while _unharmed(process, pid):
        ready = await _is_ready(process)
        seconds = time.monotonic() - start
        if ready or seconds > NEVER_BACK:
            world.measure("Redis back, until a process was ready", seconds)
            if seconds > NEVER_BACK or (seconds > BACK_WITHIN and not machine.strained):
                world.violation(f"{process.name} was not ready for {seconds:.1f} s after Redis was back")
            return
        await asyncio.sleep(0.05)


async def _is_ready(process: Process) -> bool:
    try:
        return (await request(f"{process.base}/health/ready", timeout=1)).status == 200
    except Lost:
        return False


async def _disk(world: World, chance: random.Random) -> None:
    """Keeps Redis' file from growing by more than a little, as a full disk does. Under `always` Redis then ends itself rather than lie."""
    folder = world.stack.run.path / "redis/appendonlydir"
    room, limited = chance.randint(1_000, 60_000), None
    with world.window("disk"):
        child = world.stack.children["redis-1"]
        deadline = time.monotonic() + 20
        while child.poll() is None and time.monotonic() < deadline:
            # A rewrite of the append-only file begins a new, empty file.
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
        since = time.time()
        world.count("disk")
        await _return(world, since, chance.uniform(0.5, 2.0))


async def _memory(world: World, chance: random.Random) -> None:
    """Fills Redis' memory: no new order is accepted, and the orders inside go on."""
    with world.window("memory"):
        try:
            used = int((await world.redis("INFO", "memory")).partition(b"used_memory:")[2].split()[0])
            await world.redis("CONFIG", "SET", "maxmemory", max(1, used - 100_000))
            world.count("memory")
            await asyncio.sleep(chance.uniform(1.5, 3.0))
        finally:
            await world.redis("CONFIG", "SET", "maxmemory", 0)


async def _postgres(world: World, chance: random.Random) -> None:
    """Ends Postgres at once; orders go on. Half of the time a notifier is killed together with the events that it could not store."""
    away = chance.uniform(4, 8) if world.options.short else chance.uniform(8, 30)
    with world.window("postgres"):
        accepted, ended, loaded, moment = len(world.clients.accepted_at), len(world.sockets.finals_at), world.loading, time.time()
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
        # A node that is silent or replaced is so for all processes, and one that starts meanwhile waits for it.
        if loaded and world.loading and not (world.stack.cluster and any(world.broken(fault, moment) for fault in WHOLE_NODES)):
            if len(world.clients.accepted_at) == accepted:
                world.violation(f"no order was accepted while Postgres was away for {away:.0f} s")
            if len(world.sockets.finals_at) == ended:
                world.violation(f"no order came to its end while Postgres was away for {away:.0f} s")
        await world.stack.start_server("postgres")


def links(world: World) -> list[Fault]:
    # Replies are lost all the time. Silence and slowness are rarer.
    faults = {"reply": [_reply] * 6, "stall": [_stall], "delay": [_delay]}
    return [fault for name in world.wants(*faults) for fault in faults[name]]


async def _reply(world: World, chance: random.Random) -> None:
    end = chance.choice(world.stack.proxied("gateway", "gateway", "router", "executor", "notifier"))
    before = end.proxy.lost
    end.proxy.cuts = 1
    for _ in range(20):
        await asyncio.sleep(0.05)
        if end.proxy.lost > before:
            world.count("reply", end.name)
            return
    end.proxy.cuts = 0


async def _stall(world: World, chance: random.Random) -> None:
    end = chance.choice(world.stack.proxied("gateway", "router", "executor", "notifier"))
    with world.window("stall"):
        end.proxy.stalled = True
        world.count("stall", end.name)
        await asyncio.sleep(chance.uniform(4, 7) if world.options.short else chance.uniform(8, 20))
        end.proxy.heal()


async def _delay(world: World, chance: random.Random) -> None:
    end = chance.choice(world.stack.proxied("gateway", "router", "executor", "notifier", "notifier"))
    with world.window("delay"):
        end.proxy.delay = (0.05, 0.15)
        world.count("delay", end.name)
        await asyncio.sleep(chance.uniform(3, 6))
        end.proxy.heal()
