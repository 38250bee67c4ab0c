"""Orders and the history of their statuses in Postgres, and the channel on which each change is told."""

import json
from datetime import UTC, datetime
from typing import Any

import asyncpg
from redis.asyncio import Redis

CREATE = """
WITH created AS (
    INSERT INTO orders (order_id, user_id, input_token, output_token, amount, slippage, status) VALUES ($1, $2, $3, $4, $5, $6, 'pending')
)
INSERT INTO order_history (order_id, seq, status, message) VALUES ($1, 1, 'pending', $7)
"""
# One round trip and one transaction for the row and its history.
CHANGE = """
WITH changed AS (
    UPDATE orders SET
        status = $3, chosen_dex = coalesce($5, chosen_dex), tx_hash = coalesce($6, tx_hash), execution_price = coalesce($7, execution_price),
        amount_out = coalesce($8, amount_out), updated_at = now()
    WHERE order_id = $1
)
INSERT INTO order_history (order_id, seq, status, message) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING
"""
HISTORY = "SELECT message FROM order_history WHERE order_id = $1 AND seq > $2 ORDER BY seq"

Json = dict[str, Any]


def channel(order_id: str) -> str:
    return f"updates:{order_id}"


def message(order_id: str, seq: int, status: str, text: str, **more: str) -> Json:
    at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"type": "status_update", "orderId": order_id, "seq": seq, "status": status, "message": text, "timestamp": at, **more}


def redis_client(url: str) -> Redis:
    """A client whose commands need not wait for each other: each takes a connection of a pool."""
    return Redis.from_url(url, decode_responses=True)


async def keep(_connection: asyncpg.Connection) -> None:
    """A connection goes back to the pool as it is: no statement here changes a session, and the usual reset is a round trip."""


class Store:
    def __init__(self, pool: asyncpg.Pool, redis: Redis) -> None:
        self.pool, self.redis = pool, redis

    @staticmethod
    async def open(database_url: str, redis_url: str, connections: int) -> "Store":
        pool = await asyncpg.create_pool(database_url, min_size=connections, max_size=connections, command_timeout=30, reset=keep)
        return Store(pool, redis_client(redis_url))

    async def close(self) -> None:
        await self.pool.close()
        await self.redis.aclose()

    async def create(self, order_id: str, order: Json) -> None:
        told = message(order_id, 1, "pending", "Order created and queued")
        await self.pool.execute(
            CREATE, order_id, order["user_id"], order["token_in"], order["token_out"], order["amount"], order["slippage"], json.dumps(told))

    async def tell(self, told: Json) -> None:
        """Tells something to whoever listens."""
        await self.redis.publish(channel(told["orderId"]), json.dumps(told))

    async def change(self, told: Json) -> None:
        """Stores a change of status, then tells it."""
        text = json.dumps(told)
        await self.pool.execute(
            CHANGE, told["orderId"], told["seq"], told["status"], text, told.get("chosenDex"), told.get("txHash"), told.get("executedPrice"),
            told.get("amountOut"))
        await self.redis.publish(channel(told["orderId"]), text)

    async def history(self, order_id: str, after: int = 0) -> list[str]:
        return [row["message"] for row in await self.pool.fetch(HISTORY, order_id, after)]
