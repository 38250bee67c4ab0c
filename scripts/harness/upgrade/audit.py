"""What must hold after the upgrade, by what clients were told and by the records of the stack."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from harness.chaos import clients as chaos
from harness.chaos import records
from harness.chaos.audit import Audit
from harness.chaos.options import read
from harness.chaos.records import Records
from harness.chaos.world import World
from harness.private import PrivateStack
from harness.redis_client import Redis

from .clients import USER, Clients, Placed, post
from .stack import PARTITIONS, UpgradedStack

ADDED = '"orderType":"market",'  # to each summary, by this release


@dataclass
class Before:
    """What clients had seen before the upgrade."""

    placed: list[Placed]
    texts: dict[str, str]  # path -> what the previous release answered

    @staticmethod
    def read(stack: PrivateStack, placed: list[Placed]) -> "Before":
        """What there is now that all orders are final."""
        return Before(list(placed), _texts(stack, placed))

    def same_answers(self, stack: PrivateStack) -> None:
        """Checks that orders from before the upgrade are shown as they were, and that a repeated request gets the answer that it got then."""
        for path, text in _texts(stack, self.placed).items():
            shown = text.replace(ADDED, "") if path.endswith("view=summary") else text
            assert shown == self.texts[path], f"{path} was\n{self.texts[path]}\nand is\n{text}"
        replayed(stack, self.placed)

    def kept(self, found: Records) -> None:
        """Checks that Postgres has every event that the previous release has shown."""
        for placed in self.placed:
            shown = json.loads(self.texts[f"/api/orders/{placed.id}/events"])["events"]
            assert found.events[placed.id] == shown, f"{placed.id}: {found.events[placed.id]} instead of {shown}"


def _texts(stack: PrivateStack, orders: list[Placed]) -> dict[str, str]:
    paths = [f"/api/orders/{placed.id}{rest}" for placed in orders for rest in ("", "/events")]
    paths += [f"/api/orders?userId={USER}&limit=100", "/api/orders?limit=100", "/api/orders?limit=100&view=summary"]
    with ThreadPoolExecutor(max_workers=4) as pool:
        return dict(zip(paths, pool.map(stack.text, paths), strict=True))


def replayed(stack: PrivateStack, orders: list[Placed]) -> None:
    """Checks that a request that is repeated under its key gets the first answer again."""
    for placed in orders:
        again = post(stack.base, placed.request, placed.key)
        assert (again.status, again.text) == (202, placed.answer.text), f"{placed.key}: {again.status} {again.text}, and it was {placed.answer.text}"
        assert again.headers.get("idempotent-replayed") == "true", again.headers


async def audited(stack: UpgradedStack) -> Records:
    """All records, once the audit of `chaos` has found nothing wrong in them."""
    redis = Redis(int(stack.run.variables()["REDIS_PORT"]))
    options = read(["--partitions", str(PARTITIONS), "--faults", "none"], {})
    # That audit is told of no client: those of this test are checked here.
    world = World(options, stack, redis, chaos.Clients(stack.base, None, None))
    try:
        found = await records.read(world)
    finally:
        redis.close()
    Audit(world, found).run()
    assert not world.violations, "\n".join(f"{order} {what}" for what, order in world.violations[:10])
    return found


def complete(stack: PrivateStack, clients: Clients, found: Records) -> None:
    """Checks that each request became one order, that each order has landed and is confirmed, and that the list has them, newest first."""
    orders = {placed.id for placed in clients.placed}
    assert len(orders) == len(clients.placed) and set(found.rows) == orders, f"{len(clients.placed)} requests, {len(found.rows)} orders"
    states = {order: row["status"] for order, row in found.rows.items() if row["status"] != "confirmed"}
    assert not states and {order for order, _ in found.landed} == orders, states
    listed, cursor = [], ""
    while cursor is not None:
        page = stack.get(f"/api/orders?userId={USER}&limit=50{cursor and f'&cursor={cursor}'}")
        listed += [order["orderId"] for order in page["orders"]]
        cursor = page["nextCursor"]
    # An id begins with the time.
    assert listed == sorted(clients.of(USER), reverse=True), f"{len(listed)} orders are listed, of {len(clients.of(USER))}, or in another order"
