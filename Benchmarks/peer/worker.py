"""The worker: quotes, builds, submits and confirms each order, and tells every step. Environment: REDIS_URL, DATABASE_URL.

The venues and the network answer at once, as those of the engine do while it is measured."""

import asyncio
import os
import secrets
import signal
from dataclasses import dataclass
from decimal import Decimal

import uvloop
from bullmq import Job, Worker
from store import Json, Store, message, redis_client

CONCURRENCY = 50


@dataclass(frozen=True)
class Venue:
    """A pool of constant product."""

    name: str
    base: Decimal  # reserve of SOL
    quote: Decimal  # reserve of USDC
    fee: Decimal

    async def amount_out(self, amount: Decimal) -> Decimal:
        paid = amount * (1 - self.fee)
        return self.quote * paid / (self.base + paid)


VENUES = (
    Venue("raydium", Decimal(50_000), Decimal(7_250_000), Decimal("0.003")), Venue("meteora", Decimal(30_000), Decimal(4_356_000), Decimal("0.002")))


class Steps:
    """The steps of one order. Each is told before the next begins; one that changes the status is stored before that."""

    def __init__(self, store: Store, order: Json) -> None:
        self.store, self.order, self.seq, self.status = store, order, 1, "pending"

    async def tell(self, status: str, text: str, **more: str) -> None:
        self.seq += 1
        told = message(self.order["orderId"], self.seq, status, text, **more)
        await (self.store.tell(told) if status == self.status else self.store.change(told))
        self.status = status

    async def run(self) -> Json:
        amount = Decimal(self.order["amount"])
        await self.tell("routing", "Fetching quotes from Raydium and Meteora")
        outputs = await asyncio.gather(*(venue.amount_out(amount) for venue in VENUES))
        out, venue = max(zip(outputs, VENUES, strict=True), key=lambda pair: pair[0])
        await self.tell("routing", f"Best route: {venue.name}", chosenDex=venue.name)
        await self.tell("building", f"Building transaction on {venue.name}", chosenDex=venue.name)
        least = out * (1 - Decimal(self.order["slippage"]))
        transaction = secrets.token_hex(32)
        await self.tell("building", "Transaction built, ready to submit")
        await self.tell("submitted", "Transaction submitted to network", txHash=transaction)
        received = await venue.amount_out(amount)
        if received < least:
            await self.tell("failed", "Slippage tolerance exceeded")
            return {"txHash": transaction}
        price = str(received / amount)
        await self.tell("confirmed", "Swap executed successfully", txHash=transaction, executedPrice=price, amountOut=str(received))
        return {"txHash": transaction, "executedPrice": price}


async def main() -> None:
    redis_url = os.environ["REDIS_URL"]
    store = await Store.open(os.environ["DATABASE_URL"], redis_url, connections=20)

    async def process(job: Job, _token: str) -> Json:
        return await Steps(store, job.data).run()

    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    worker = Worker("orders", process, {"connection": redis_client(redis_url), "concurrency": CONCURRENCY})
    await stopped.wait()
    await worker.close(force=True)
    await store.close()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
