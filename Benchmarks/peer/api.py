"""The API: takes an order, stores it, puts it on the queue, and streams what becomes of it. Environment: REDIS_URL, DATABASE_URL."""

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from uuid import UUID, uuid4

from bullmq import Queue
from fastapi import FastAPI, Request, Response, WebSocket, WebSocketDisconnect
from pydantic import AliasGenerator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from redis.asyncio.client import PubSub
from store import Store, channel, redis_client

# A finished job leaves the queue, so that Redis does not grow.
JOB = {"attempts": 3, "backoff": {"type": "exponential", "delay": 1000}, "removeOnComplete": True}
FINAL = ("confirmed", "failed")


class Model(BaseModel):
    model_config = ConfigDict(alias_generator=AliasGenerator(alias=to_camel), populate_by_name=True, str_strip_whitespace=True)


class Order(Model):
    token_in: str = Field(min_length=1, max_length=64)
    token_out: str = Field(min_length=1, max_length=64)
    amount: Decimal = Field(gt=0, max_digits=38)
    slippage: Decimal = Field(default=Decimal("0.01"), ge=Decimal("0.0001"), le=Decimal("0.5"))
    user_id: str | None = Field(default=None, min_length=1, max_length=255)


class Accepted(Model):
    success: bool = True
    order_id: str
    job_id: str
    status: str = "pending"
    message: str = "Order created and enqueued for processing"
    websocket_url: str


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    redis_url = os.environ["REDIS_URL"]
    app.state.store = await Store.open(os.environ["DATABASE_URL"], redis_url, connections=10)
    app.state.queue = Queue("orders", {"connection": redis_client(redis_url)})
    yield
    await app.state.queue.close()
    await app.state.store.close()


app = FastAPI(lifespan=lifespan)


@app.get("/health")
async def health() -> dict[str, bool]:
    return {"ok": True}


@app.post("/api/orders/execute", status_code=202)
async def execute(order: Order, request: Request, response: Response) -> Accepted:
    order_id = str(uuid4())
    await app.state.store.create(order_id, order.model_dump())
    job = await app.state.queue.add("execute", {"orderId": order_id, **order.model_dump(mode="json")}, JOB)
    response.headers["Location"] = f"/api/orders/{order_id}"
    host = request.headers.get("host", "")
    return Accepted(order_id=order_id, job_id=job.id, websocket_url=f"ws://{host}/ws/orders/{order_id}")


@app.websocket("/ws/orders/{order_id}")
async def stream(socket: WebSocket, order_id: UUID) -> None:
    """What has happened to the order, then each change, until it is over. Subscribes before it reads, so that nothing is missed."""
    await socket.accept()
    async with app.state.store.redis.pubsub(ignore_subscribe_messages=True) as changes:
        await changes.subscribe(channel(str(order_id)))
        try:
            async for text in told(str(order_id), changes):
                await socket.send_text(text)
            await socket.close()
        except WebSocketDisconnect:
            return


async def told(order_id: str, changes: PubSub) -> AsyncIterator[str]:
    seen, status = 0, ""
    for text in await app.state.store.history(order_id):
        yield text
        seen, status = json.loads(text)["seq"], json.loads(text)["status"]
    while status not in FINAL:
        change = await changes.get_message(timeout=30)
        if change is None:
            continue
        told = json.loads(change["data"])
        if told["seq"] > seen:
            yield change["data"]
            seen, status = told["seq"], told["status"]
