"""The independent records when all is quiet: Postgres, Redis, and the chain's ledger of what has landed."""

import asyncio
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field

from harness.http_client import Json
from harness.redis_client import pairs, text, texts

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
class Records:
    events: dict[str, list[Json]] = field(default_factory=dict)  # order -> events in Postgres
    rows: dict[str, Json] = field(default_factory=dict)
    hashes: dict[str, tuple[dict[str, str], int]] = field(default_factory=dict)  # order -> (fields, time to live in ms)
    landed: dict[tuple[str, str], list[Json]] = field(default_factory=dict)  # (order, leg) -> [fields]
    due: list[str] = field(default_factory=list)  # transactions that would still land
    letters: list[Json] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    retries: int = 0
    deadlines: int = 0


async def read(world: World) -> Records:
    records = Records()
    records.events, records.rows = await asyncio.to_thread(_stored, world.stack.database_url)
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
                records.hashes[key[len(prefix):]] = (fields, await world.redis("PTTL", key))
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


def hash_events(fields: dict[str, str]) -> list[Json]:
    """The events in an order's hash, by seq."""
    found = {int(name[2:]): json.loads(value) for name, value in fields.items() if name.startswith("e:")}
    return [found[seq] for seq in sorted(found)]


EVENTS = "SELECT jsonb_build_array(order_id, seq, event) FROM order_events ORDER BY order_id, seq"
ROWS = """
SELECT json_build_object('id', order_id, 'user', user_id, 'key', client_order_id, 'seq', seq, 'status', status, 'attempts', attempts,
    'at', to_char(updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'chosen_dex', chosen_dex, 'tx_hash', tx_hash,
    'last_error', last_error, 'amount_out_base', amount_out_base::text, 'execution_price', execution_price::text, 'quotes', quotes,
    'realised', realised_slippage_bps, 'deadline', to_char(deadline AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
FROM order_rows ORDER BY order_id"""


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


def _stored(url: str) -> tuple[dict[str, list[Json]], dict[str, Json]]:
    """(events of each order by seq, row of each order)."""
    events = {}
    for order, _, event in map(json.loads, _lines(url, EVENTS)):
        events.setdefault(order, []).append(event)
    return events, {row["id"]: row for row in map(json.loads, _lines(url, ROWS))}


def _open(url: str) -> list[int]:
    final = "status IN ('confirmed', 'failed', 'cancelled')"
    line = next(_lines(url, f"SELECT count(*) FILTER (WHERE NOT ({final})), count(*) FROM order_rows"))
    return [int(number) for number in line.split("|")]


async def open_orders(url: str) -> list[int] | None:
    """(orders that are not final, all orders); None while Postgres is away."""
    try:
        return await asyncio.to_thread(_open, url)
    except (DatabaseProblem, StopIteration, RuntimeError):
        return None
