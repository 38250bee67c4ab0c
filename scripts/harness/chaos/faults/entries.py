"""Faults by entries that no service has written: copies, junk, and entries taken out of a worker's hands."""

import asyncio
import random
import signal
import time
import uuid
from collections.abc import Iterable
from contextlib import AsyncExitStack

from harness.redis_client import Word, text, texts

from ..clients import Plan
from ..options import VISIBILITY
from ..world import Injected, World
from . import Fault

# Adds an entry once, however often it is called: a lost answer must not make two entries of one.
ADD = """
local known = redis.call('GET', KEYS[2])
if known then return known end
local id = redis.call('XADD', KEYS[1], '*', unpack(ARGV))
redis.call('SET', KEYS[2], id)
return id"""

THIEF = "chaos-thief"

# Takes an order's entry from its owner, if the entry stands for the order and a worker has it in hand. The owner may be about to take a usual step.
STEAL = """
local hash = redis.call('HMGET', KEYS[2], 's', 'x')
local state, seq, entry = string.match(hash[1] or '', '^(%a+) %d+ %d+ (%d+) %d+ routed:(.*)$')
if not entry or (state ~= 'routed' and state ~= 'building' and state ~= 'submitted') or hash[2] then return nil end
local claim = redis.call('XPENDING', KEYS[1], 'executor', entry, entry, 1)
if not claim[1] then return nil end
redis.call('XCLAIM', KEYS[1], 'executor', ARGV[1], 0, entry, 'JUSTID')
return { entry, seq, claim[1][2] }"""

# Reads who owns the entry and how far the order is, both at one moment.
LOOK = """
local claim = redis.call('XPENDING', KEYS[1], 'executor', ARGV[1], ARGV[1], 1)
local state, seq = string.match(redis.call('HGET', KEYS[2], 's') or '', '^(%a+) %d+ %d+ (%d+) ')
return { claim[1] and claim[1][2] or '', seq or '', state or '' }"""


def wanted(world: World) -> list[Fault]:
    faults = {"malformed": [_junk, _junk, _misplaced], "steal": [_steal] * 3}
    return [fault for name in world.wants(*faults) for fault in faults[name]]


async def add(
    world: World, partition: int, stream: str, fields: Iterable[tuple[str, Word]], kind: str, reasons: Iterable[str] = (), needed: bool = False,
    order: str = ""
) -> str:
    key = world.prefix(partition) + stream
    words = [word for pair in fields for word in pair]
    entry = text(await world.redis.script(ADD, [key, f"{world.prefix(partition, 'chaos')}added:{uuid.uuid4()}"], words))
    world.injected[(key, entry)] = Injected(kind, stream, partition, frozenset(reasons), needed, order)
    return entry


async def duplicates(world: World) -> None:
    """Adds a tenth of all entries a second time, a moment after the first."""
    chance = world.chance("duplicates")
    last = {}
    while world.loading:
        await asyncio.sleep(0.25)
        if world.placing:
            continue
        for partition in world.partitions:
            for stream in ("accepted", "routed", "events"):
                key = world.prefix(partition) + stream
                rows = await world.redis("XRANGE", key, f"({last[key]}" if key in last else "-", "+", "COUNT", 500)
                for row in rows:
                    last[key] = text(row[0])
                    if (key, last[key]) not in world.injected and chance.random() < 0.1:
                        await _duplicate(world, partition, stream, row[1])


async def _duplicate(world: World, partition: int, stream: str, values: list[bytes]) -> None:
    order = text(values[1])
    if order in world.alone:
        return
    world.touched.add(order)
    # If the order has left Redis before its copy is read, nobody knows the order any more.
    reasons = () if stream == "events" else ("UNKNOWN_ORDER",)
    await add(world, partition, stream, zip(values[::2], values[1::2], strict=True), "duplicate", reasons, order=order)
    world.tally["duplicate"] += 1


def unknown_id() -> str:
    """A well-formed id that no order has."""
    number = uuid.uuid4().int
    number = number & ~(0xF << 76) | (7 << 76)
    return str(uuid.UUID(int=number))


async def _junk(world: World, chance: random.Random) -> None:
    """Adds an entry without an order behind it."""
    partition = chance.choice(world.partitions)
    stream = chance.choice(("accepted", "routed", "events"))
    order = unknown_id()
    work = {
        "fields missing": ([("id", order)], "MALFORMED"),
        "bad UTF-8": ([("id", order), ("round", b"\xff\xfe1")], "MALFORMED"),
        "1 MiB": ([("id", order), ("round", "1"), ("padding", b"x" * 1_048_576)], "MALFORMED"),
        "round of 0": ([("id", order), ("round", "0")], "MALFORMED"),
        "no id": ([("id", "not-an-id"), ("round", "1")], "MALFORMED"),
        "unknown order": ([("id", order), ("round", "1")], "UNKNOWN_ORDER"),
    }
    event = {
        "fields missing": ([("seq", "1")], "MALFORMED"),
        "bad UTF-8": ([("id", b"\xff\xfe")], "MALFORMED"),
        "no id": ([("id", "not-an-id")], "MALFORMED"),
        # Nothing is left to store of an order that Redis does not have.
        "unknown order": ([("id", order)], None),
    }
    kinds = event if stream == "events" else work
    kind = chance.choice(sorted(kinds))
    fields, reason = kinds[kind]
    await add(world, partition, stream, fields, kind, (reason,) if reason else (), needed=reason is not None)
    world.count("malformed", f"{kind} on {stream}")


async def _misplaced(world: World, chance: random.Random) -> None:
    """Adds two entries for an order that waits for a frozen router: one of a round and one of a stage that the order has not reached."""
    routers = [process for process in world.stack.processes.values() if process.kind == "router"]
    if any(process.lock.locked() for process in routers):
        return
    async with AsyncExitStack() as locks:
        for process in routers:
            await locks.enter_async_context(process.lock)
        for process in routers:
            world.stack.signal(process, signal.SIGSTOP)
        try:
            with world.window("malformed"):
                await _send_misplaced(world, chance)
        finally:
            for process in routers:
                world.stack.signal(process, signal.SIGCONT)


async def _send_misplaced(world: World, chance: random.Random) -> None:
    order = await world.place_alone(Plan.plain(chance.randint(1, 1 << 40)))
    if order is None:
        return
    partition = world.partition_of(order)
    letters = f"{world.prefix(partition)}dead"
    for round_, reason in ((1, "WRONG_STATE"), (chance.randint(2, 9), "WRONG_ATTEMPT")):
        since = time.time()
        entry = await add(world, partition, "routed", [("id", order), ("round", round_)], "wrong state or round", (reason,), False, order)
        world.count("malformed", f"{reason} for {order}")
        seen = await _buried(world, letters, entry)
        # If something else was broken too, the entry is read late. It then finds an order that has gone on, and is rightly a duplicate.
        world.injected[(f"{world.prefix(partition)}routed", entry)].needed = seen or world.calm(since, "malformed", "duplicate")


async def _buried(world: World, letters: str, entry: str) -> bool:
    """Whether the entry has become a dead letter, within 20 s."""
    for _ in range(200):
        rows = await world.redis("XREVRANGE", letters, "+", "-", "COUNT", 20)
        if any(texts(row[1]).get("entry") == entry for row in rows):
            return True
        await asyncio.sleep(0.1)
    return False


async def _steal(world: World, chance: random.Random) -> None:
    """Steals an entry. While another consumer has it, the former owner must not write: the order stands still until the entry is claimed again."""
    for _ in range(20):
        candidates = [s.id for s in world.clients.submissions[-60:] if s.id and s.id not in world.touched and s.plan.cancel_after is None]
        chance.shuffle(candidates)
        for order in candidates[:12]:
            # Meanwhile a copy of its entry may have come, which another worker finishes rightly.
            if order in world.touched:
                continue
            keys = [world.prefix(world.partition_of(order)) + "routed", world.prefix(world.partition_of(order)) + "o:" + order]
            world.alone.add(order)
            taken = await world.redis.script(STEAL, keys, [THIEF])
            if not taken:
                world.alone.discard(order)
            else:
                world.touched.add(order)
                await _watch_stolen(world, order, keys, text(taken[0]), text(taken[1]))
                return
        await asyncio.sleep(0.1)


async def _watch_stolen(world: World, order: str, keys: list[str], entry: str, seq: str) -> None:
    world.count("steal", order)
    start, began = time.monotonic(), time.time()
    while time.monotonic() - start < 1:
        owner, now, state = (text(value) for value in await world.redis.script(LOOK, keys, [entry]))
        if owner == THIEF and now != seq:
            world.violation(f"a step to {state} was written by a worker that had lost its claim", order)
        # Nobody can have claimed the entry from the thief before it was idle for long enough.
        if owner != THIEF:
            # A failover that came in between may have undone the theft.
            if time.monotonic() - start < VISIBILITY - 0.5 and not world.disturbed(began):
                world.violation(f"the entry of an order, now {state}, was finished by a worker that had lost its claim", order)
            return
        await asyncio.sleep(0.05)
