"""The independent records, as they are when all is quiet: Postgres, Redis, and the chain's ledger of what has landed."""

import json
from dataclasses import dataclass, field

from . import postgres
from .redis_client import pairs, text, texts

STAGES = {"router": "accepted", "executor": "routed", "persist": "events"}


@dataclass
class Group:
    stream: str
    group: str
    partition: int
    lag: int | None  # as Redis says it
    waiting: int  # as counted
    pending: int
    added: int


@dataclass
class Records:
    events: dict = field(default_factory=dict)  # order -> events in Postgres
    rows: dict = field(default_factory=dict)
    hashes: dict = field(default_factory=dict)  # order -> (fields, time to live in ms)
    landed: dict = field(default_factory=dict)  # (order, leg) -> [fields]
    due: list = field(default_factory=list)  # transactions that would still land
    letters: list = field(default_factory=list)
    groups: list = field(default_factory=list)
    retries: int = 0
    deadlines: int = 0


async def read(world):
    records = Records()
    records.events, records.rows = await postgres.read(world.stack.database_url)
    for partition in world.partitions:
        await _hashes(world, world.prefix(partition) + "order:", records)
        await _chain(world, world.prefix(partition, "chain"), records)
        for row in await world.redis("XRANGE", world.prefix(partition) + "dead", "-", "+"):
            fields = {text(row[1][index]): row[1][index + 1] for index in range(0, len(row[1]), 2)}
            records.letters.append({"partition": partition} | {name: text(value)[:200] for name, value in fields.items()})
        records.groups += await groups(world, partition)
        records.retries += await world.redis("ZCARD", world.prefix(partition) + "retries")
        records.deadlines += await world.redis("ZCARD", world.prefix(partition) + "deadlines")
    return records


async def groups(world, partition):
    found = []
    for group, stream in STAGES.items():
        key = world.prefix(partition) + stream
        added = pairs(await world.redis("XINFO", "STREAM", key))["entries-added"]
        for row in map(pairs, await world.redis("XINFO", "GROUPS", key)):
            if text(row["name"]) == group:
                waiting = await world.redis("XRANGE", key, "(" + text(row["last-delivered-id"]), "+", "COUNT", 100_000)
                found.append(Group(stream, group, partition, row["lag"], len(waiting), row["pending"], added))
    return found


async def _hashes(world, prefix, records):
    cursor = "0"
    while True:
        cursor, keys = await world.redis("SCAN", cursor, "MATCH", prefix + "*", "COUNT", 1000)
        for key in map(text, keys):
            fields = texts(await world.redis("HGETALL", key))
            if fields:
                records.hashes[key[len(prefix):]] = (fields, await world.redis("PTTL", key))
        if text(cursor) == "0":
            return


async def _chain(world, prefix, records):
    last = "-"
    while rows := await world.redis("XRANGE", prefix + "landed", last, "+", "COUNT", 2000):
        for row in rows:
            fields = texts(row[1])
            records.landed.setdefault((fields["orderId"], fields["leg"]), []).append(fields)
        last = "(" + text(rows[-1][0])
    # What is due and not yet asked for lands whenever somebody looks.
    for signature in map(text, await world.redis("ZRANGE", prefix + "due", 0, -1)):
        fields = texts(await world.redis("HGETALL", prefix + "tx:" + signature))
        if fields.get("outcome") == "lands":
            records.due.append(signature)
            records.landed.setdefault((fields["orderId"], fields["leg"]), []).append(fields | {"signature": signature})


def hash_events(fields):
    """The events that an order's hash has, by seq."""
    found = {int(name[2:]): json.loads(value) for name, value in fields.items() if name.startswith("e:")}
    return [found[seq] for seq in sorted(found)]
