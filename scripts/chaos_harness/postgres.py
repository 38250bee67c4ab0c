"""What Postgres has, read through psql."""

import asyncio
import json
import subprocess

EVENTS = "SELECT jsonb_build_array(order_id, seq, event) FROM order_events ORDER BY order_id, seq"
ROWS = """
SELECT json_build_object('id', order_id, 'user', user_id, 'key', client_order_id, 'seq', seq, 'status', status, 'attempts', attempts,
    'at', to_char(updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'chosen_dex', chosen_dex, 'tx_hash', tx_hash,
    'last_error', last_error, 'amount_out_base', amount_out_base::text, 'execution_price', execution_price::text, 'quotes', quotes,
    'realised', realised_slippage_bps, 'deadline', to_char(deadline AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
FROM order_rows ORDER BY order_id
"""


class DatabaseProblem(Exception):
    pass


def _lines(url, sql):
    """The rows of a query, one by one: psql hands them on in portions, so that no result is ever held whole by it."""
    argv = ["psql", url, "-XAtq", "-v", "ON_ERROR_STOP=1", "-v", "FETCH_COUNT=500", "-c", "SET statement_timeout = '60s'", "-c", sql]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        yield from process.stdout
        problem = process.stderr.read()[:2000]
    if process.returncode != 0:
        raise DatabaseProblem(f"psql: {problem.strip()}")


def _events(url):
    found = {}
    for line in _lines(url, EVENTS):
        order, _, event = json.loads(line)
        found.setdefault(order, []).append(event)
    return found


def _rows(url):
    return {row["id"]: row for row in map(json.loads, _lines(url, ROWS))}


async def read(url):
    """(events of each order by seq, row of each order)."""
    return await asyncio.to_thread(_events, url), await asyncio.to_thread(_rows, url)


def _open(url):
    final = "status IN ('confirmed', 'failed', 'cancelled')"
    line = next(_lines(url, f"SELECT count(*) FILTER (WHERE NOT ({final})), count(*) FROM order_rows"))
    return [int(number) for number in line.split("|")]


async def open_orders(url):
    """(orders that are not final, all orders); None while Postgres is away."""
    try:
        return await asyncio.to_thread(_open, url)
    except (DatabaseProblem, StopIteration, RuntimeError):
        return None
