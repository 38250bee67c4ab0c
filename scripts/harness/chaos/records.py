"""The independent records when all is quiet: Postgres, Redis, and the chain's ledger of what has landed."""

import asyncio
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field

from harness.http_client import Json
from harness.redis_client import pairs, text, texts

from . import history
from .world import World

STAGES = {"router": "accepted", "executor": "routed", "persist": "events"}


@dataclass
class Group:
    stream: str
    group: str
    partition: int
    lag: int | None  # as Redis reports it
    waiting: int  # as counted
    pending: int
    added: int


@dataclass
class Place:
    """How far an order is: the parts of the field `s`."""

    state: str
    attempt: int
    seq: int
    at: int  # ms
    entry: str


@dataclass
class Hash:
    """An order in Redis."""

    fields: dict[str, str]
    life: int  # time to live in ms; -1 for none, -2 if it has expired since its fields were read

    @property
    def lines(self) -> list[str]:
        """The lines of all events, by seq. Each field has those of one step, and its name is the seq of the first."""
        steps = sorted((name for name in self.fields if name.isdigit()), key=int)
        return [line for name in steps for line in self.fields[name].split("\n")]

    @property
    def place(self) -> Place | None:
        words = self.fields.get("s", "").split(" ")
        if len(words) != 6:
            return None
        return Place(words[0], int(words[2]), int(words[3]), int(words[4]), words[5])


@dataclass
class Records:
    lines: dict[str, list[str]] = field(default_factory=dict)  # order -> the lines of its events in Postgres
    events: dict[str, list[Json]] = field(default_factory=dict)  # order -> events that these lines make
    shown: dict[str, list[Json]] = field(default_factory=dict)  # order -> events as the view order_events shows them
    rows: dict[str, Json] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)  # order -> why its lines make no events
    hashes: dict[str, Hash] = field(default_factory=dict)
    landed: dict[tuple[str, str], list[Json]] = field(default_factory=dict)  # (order, leg) -> [fields]
    due: list[str] = field(default_factory=list)  # transactions that would still land
    letters: list[Json] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    retries: int = 0
    deadlines: int = 0

    def details(self, order: str) -> Json:
        """What was asked for, by Postgres. Empty if it does not know the order."""
        return json.loads(self.rows.get(order, {}).get("details", "{}"))

    def placed(self, orders: set[str]) -> set[str]:
        """The orders without those that another of them places when it is filled."""
        return orders - {after["orderId"] for order in orders for after in self.details(order).get("then", [])}


async def read(world: World) -> Records:
    records = Records()
    await asyncio.to_thread(_stored, world.stack.database_url, records)
    for partition in world.partitions:
        await _hashes(world, world.prefix(partition) + "o:", records)
        await _chain(world, world.prefix(partition, "chain"), records)
        for row in await world.redis("XRANGE", world.prefix(partition) + "dead", "-", "+"):
            fields = {text(row[1][index]): row[1][index + 1] for index in range(0, len(row[1]), 2)}
            records.letters.append({"partition": partition} | {name: text(value)[:200] for name, value in fields.items()})
        records.groups += await groups(world, partition)
        records.retries += await world.redis("ZCARD", world.prefix(partition) + "retries")
        records.deadlines += await world.redis("ZCARD", world.prefix(partition) + "deadlines")
    return records


async def groups(world: World, partition: int) -> list[Group]:
    found = []
    for group, stream in STAGES.items():
        key = world.prefix(partition) + stream
        added = pairs(await world.redis("XINFO", "STREAM", key))["entries-added"]
        for row in map(pairs, await world.redis("XINFO", "GROUPS", key)):
            if text(row["name"]) == group:
                waiting = await world.redis("XRANGE", key, "(" + text(row["last-delivered-id"]), "+", "COUNT", 100_000)
                found.append(Group(stream, group, partition, row["lag"], len(waiting), row["pending"], added))
    return found


async def _hashes(world: World, prefix: str, records: Records) -> None:
    cursor = "0"
    while True:
        cursor, keys = await world.redis("SCAN", cursor, "MATCH", prefix + "*", "COUNT", 1000)
        for key in map(text, keys):
            fields = texts(await world.redis("HGETALL", key))
            if fields:
                records.hashes[key[len(prefix):]] = Hash(fields, await world.redis("PTTL", key))
        if text(cursor) == "0":
            return


async def _chain(world: World, prefix: str, records: Records) -> None:
    last = "-"
    while rows := await world.redis("XRANGE", prefix + "landed", last, "+", "COUNT", 2000):
        for row in rows:
            fields = texts(row[1])
            records.landed.setdefault((fields["orderId"], fields["leg"]), []).append(fields)
        last = "(" + text(rows[-1][0])
    # A transaction that is due lands as soon as an executor asks for it.
    for signature in map(text, await world.redis("ZRANGE", prefix + "due", 0, -1)):
        fields = texts(await world.redis("HGETALL", prefix + "tx:" + signature))
        if fields.get("outcome") == "lands":
            records.due.append(signature)
            records.landed.setdefault((fields["orderId"], fields["leg"]), []).append(fields | {"signature": signature})


TIME = """'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'"""
ROWS = f"""
SELECT json_build_object('id', r.order_id, 'details', r.details, 'events', r.events, 'user', r.user_id, 'key', r.client_order_id, 'seq', r.seq,
    'status', r.status, 'at', to_char(r.updated_at AT TIME ZONE 'UTC', {TIME}), 'attempts', o.attempts, 'chosen_dex', o.chosen_dex,
    'tx_hash', o.tx_hash, 'last_error', o.last_error, 'amount_out', o.amount_out::text, 'execution_price', o.execution_price::text,
    'quotes', o.quotes, 'logs', o.logs)
FROM order_rows r JOIN orders o USING (order_id) ORDER BY r.order_id"""
SHOWN = f"""
SELECT json_build_array(order_id, json_build_object('seq', seq, 'type', type, 'status', status, 'at', to_char(at AT TIME ZONE 'UTC', {TIME}),
    'event', event))
FROM order_events ORDER BY order_id, seq"""


class DatabaseProblem(Exception):
    pass


def _lines(url: str, sql: str) -> Iterator[str]:
    """The rows of a query, one by one. psql hands them on in portions, so it never holds a whole result."""
    argv = ["psql", url, "-XAtq", "-v", "ON_ERROR_STOP=1", "-v", "FETCH_COUNT=500", "-c", "SET statement_timeout = '60s'", "-c", sql]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        yield from process.stdout
        problem = process.stderr.read()[:2000]
    if process.returncode != 0:
        raise DatabaseProblem(f"psql: {problem.strip()}")


def _stored(url: str, records: Records) -> None:
    for row in map(json.loads, _lines(url, ROWS)):
        order, text = row["id"], row.pop("events")
        records.lines[order] = text.split("\n") if text else []
        records.rows[order] = row
        try:
            records.events[order] = history.events(row["details"], records.lines[order])
        except (ValueError, KeyError, IndexError) as problem:
            records.unreadable[order] = repr(problem)
    for order, shown in map(json.loads, _lines(url, SHOWN)):
        records.shown.setdefault(order, []).append(shown)


def _open(url: str) -> list[str]:
    return list(_lines(url, "SELECT order_id FROM order_rows WHERE status NOT IN ('confirmed', 'failed', 'cancelled', 'expired')"))


async def open_orders(url: str) -> list[str] | None:
    """The orders that are not final in Postgres; None while it is away."""
    try:
        return await asyncio.to_thread(_open, url)
    except (DatabaseProblem, RuntimeError):
        return None


async def state(world: World, order: str) -> str:
    """The state of an order in Redis. Empty if Redis does not have it."""
    place = text(await world.redis("HGET", f"{world.prefix(world.partition_of(order))}o:{order}", "s"))
    return (place or "").split(" ")[0]
