"""The audit of very many orders: what Postgres and the chain's ledger say of each, by its request."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from harness.redis_client import Redis, text, texts

from .resources import LEDGER
from .traffic import number_of

# The line of each event begins with the time of Redis, in ms, at which it happened.
ROWS = r"""
SELECT json_build_array((details::json->>'amountIn')::bigint, order_id, status, substring(events FROM '^\{"t":(\d+)')::bigint,
    substring(split_part(events, E'\n', 2) FROM '^\{"t":(\d+)')::bigint, substring(events FROM '.*\n\{"t":(\d+)')::bigint,
    (length(events) - length(replace(events, '"type":"confirmed"', ''))) / 18)
FROM order_rows"""


@dataclass(frozen=True)
class Row:
    order: str
    status: str
    accepted: int  # ms
    begun: int | None  # ms, by a router
    ended: int | None  # ms
    confirmations: int

    @property
    def seconds(self) -> float:
        return (self.ended - self.accepted) / 1000


def query(url: str, statement: str) -> Iterator[str]:
    argv = ["psql", url, "-XAtq", "-v", "ON_ERROR_STOP=1", "-v", "FETCH_COUNT=5000", "-c", statement]
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as process:
        yield from process.stdout
    assert process.returncode == 0, f"psql ended with {process.returncode}"


def rows(url: str) -> dict[int, list[Row]]:
    """Request -> its orders."""
    found = {}
    for amount, *rest in map(json.loads, query(url, ROWS)):
        found.setdefault(number_of(amount), []).append(Row(*rest))
    return found


async def landed(redis: Redis) -> dict[str, int]:
    """Order -> how often it has landed."""
    found, last = {}, "-"
    while entries := await redis("XRANGE", LEDGER, last, "+", "COUNT", 5000):
        for _, fields in entries:
            order = texts(fields)["orderId"]
            found[order] = found.get(order, 0) + 1
        last = "(" + text(entries[-1][0])
    return found


def problems(
    accepted: Mapping[int, str], refused: set[int], unknown: set[int], stored: Mapping[int, list[Row]], landings: Mapping[str, int]
) -> list[str]:
    """What is wrong with the orders of `accepted` (request -> order), and with the requests that were `refused`. Those whose outcome the client does
    not know may be orders or not, but no more than one each."""
    accepted = dict(accepted) | {number: stored[number][0].order for number in unknown & stored.keys()}
    known = {row.order for found in stored.values() for row in found}
    problems = [f"request {number} was refused, and is {stored[number]}" for number in refused & stored.keys()]
    problems += [f"{stored[number]} is there, and nobody was told of it" for number in stored.keys() - accepted.keys() - refused]
    problems += [f"{order} has landed, and is in no record" for order in landings.keys() - known]
    for number, order in accepted.items():
        found = stored.get(number, [])
        if [row.order for row in found] != [order]:
            problems.append(f"request {number} was accepted as {order}, and is {found}")
        elif (found[0].status, found[0].confirmations, landings.get(order, 0)) != ("confirmed", 1, 1):
            problems.append(f"{found[0]} has landed {landings.get(order, 0)} times")
    return problems
