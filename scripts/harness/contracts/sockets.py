"""Compares every message of every socket, and every server-sent event, with asyncapi.yaml.

The orders land at once, late, in part or never, find no venue, are cancelled, wait for a price, or expire."""

import asyncio
import json
from collections import Counter

import websockets
from jsonschema import Draft202012Validator

from harness.conversation import conversation
from harness.http_client import Json, ask
from harness.orders import ORDER as USUAL
from harness.orders import fields_of, place

from .documents import Documents, checked

ORDER = USUAL | {"userId": "contracts"}
POOLLESS = "MET"
# channel, path, first message of the client
PATHS = (
    ("native", "/v1/stream?orderId={id}&after=0", None), ("backfill", "/api/orders/execute?orderId={id}", None),
    ("progress", "/api/orders/status/{id}", None), ("updates", "/ws/orders/{id}", None), ("snakeCase", "/api/orders/status", "{id}"))
AMOUNTS = (1.5, 200)  # one for a single venue, one for two venues
OUTCOMES = {"at once", "after a retry", "never", "split", "in part", "no route", "cancelled", "woken", "expired"}
# Chance decides what becomes of most orders. One order is of a token without a pool, some are cancelled as soon as possible, one waits for a price
# that is reached already, and one for a price that never is.
PLANS = ("trade",) * 16 + ("no route",) + ("cancel",) * 3 + ("wake", "expire")
CHANGES = {
    "no route": {"tokenOut": POOLLESS}, "wake": {"orderType": "takeProfit", "triggerPrice": "1", "allowImmediate": True},
    "expire": {"orderType": "stop", "triggerPrice": "0.01", "expiresAt": 2}}
MAX_ORDERS = 200


def run(base: str, documents: Documents) -> str:
    """Raises at the first message that is not as described."""
    return asyncio.run(_run(base, documents))


async def _run(base: str, documents: Documents) -> str:
    validators = {channel: documents.sent_on(channel) for channel, _, _ in PATHS}
    event = documents.event()
    outcomes, messages, placed = Counter(), Counter(), 0
    while set(outcomes) != OUTCOMES:
        assert placed < MAX_ORDERS, f"{placed} orders ended only so: {dict(outcomes)}"
        placed += len(PLANS)
        stories = (_story(base, plan, AMOUNTS[n % 2], validators, event, messages) for n, plan in enumerate(PLANS))
        for story in await asyncio.gather(*stories):
            outcomes.update(story)
    await _frames(base, documents, validators["native"], messages)
    return f"{sum(messages.values())} messages of {placed} orders: {dict(messages)}; {dict(outcomes)}"


async def _story(
    base: str, plan: str, amount: float, validators: dict[str, Draft202012Validator], event: Draft202012Validator, messages: Counter[str]
) -> set[str]:
    """Follows one order on every path at once, and once more when it is over. Returns how the order ended."""
    order = await asyncio.to_thread(_begun, base, plan, amount)
    live = await asyncio.gather(asyncio.to_thread(_events, base, order, 0, event), *(_conversation(base, order, path, validators) for path in PATHS))
    await asyncio.gather(*(_conversation(base, order, path, validators) for path in PATHS))
    events = live[0]
    assert [each["seq"] for each in events] == list(range(1, len(events) + 1)), f"{order}: {[each['seq'] for each in events]}"
    middle = len(events) // 2
    assert await asyncio.to_thread(_events, base, order, middle, event) == events[middle:], f"{order} resumed after {middle}"
    assert [frame["event"] for frame in live[1]] == events, f"{order}: the socket and the stream differ"
    messages["sse"] += len(events)
    for (channel, _, _), texts in zip(PATHS, live[1:], strict=True):
        messages[channel] += len(texts)
    last = events[-1]
    story = {"split"} if "legs" in last else set()
    if any(each["type"] == "triggered" for each in events):
        story |= {"woken"}
    if last["status"] in ("cancelled", "expired"):
        return story | {last["status"]}
    if last["status"] == "failed":
        if last["error"]["code"] == "NO_ROUTE":
            return story | {"no route"}
        return story | {"in part" if "filled" in last else "never"}
    return story | {"at once" if last["attempt"] == 1 else "after a retry"}


async def _conversation(base: str, order: str, path: tuple[str, str, str | None], validators: dict[str, Draft202012Validator]) -> list[Json]:
    channel, address, greeting = path
    url = f"ws{base.removeprefix('http')}{address.format(id=order)}"
    heard = await conversation(url, f" {greeting.format(id=order)}\n" if greeting else None, seconds=30)
    assert heard, f"{channel} of {order}: closed without a message"
    return [checked(validators[channel], text, f"{channel} of {order}") for text in heard]


def _begun(base: str, plan: str, amount: float) -> str:
    """Places an order. If the plan is to cancel it, it is cancelled on return, or it was too late. One that is to expire is amended first."""
    order = place(base, ORDER | {"amount": amount} | CHANGES.get(plan, {}))
    if plan == "expire":
        amended = ask(f"{base}/api/orders/{order}", "PATCH", {"triggerPrice": "0.02"})
        assert amended.status == 200 and amended.json()["triggerPrice"] == "0.02", amended
    while plan == "cancel" and _refusal(base, order) == "ORDER_SUBMITTED":
        pass  # its transaction may fail, and then there is time before the next one
    return order


def _refusal(base: str, order: str) -> str | None:
    """Why an order cannot be cancelled. None if it was cancelled."""
    answer = ask(f"{base}/api/orders/{order}", "DELETE")
    assert answer.code or answer.json()["status"] == "cancelled", answer
    return answer.code or None


def _events(base: str, order: str, after: int, validator: Draft202012Validator) -> list[Json]:
    headers = {"Accept": "text/event-stream", "Last-Event-ID": str(after)}
    answer = ask(f"{base}/api/orders/{order}/events", headers=headers, timeout=30)
    assert (answer.status, answer.headers["content-type"]) == (200, "text/event-stream"), answer
    events = []
    for block in answer.text.split("\n\n"):
        fields = fields_of(block)
        if "data" in fields:  # the first says only when to reconnect
            event = checked(validator, fields["data"], f"server-sent events of {order}")
            assert fields["id"] == str(event["seq"]) and fields["event"] == event["type"], fields
            events.append(event)
    return events


async def _frames(base: str, documents: Documents, validator: Draft202012Validator, messages: Counter[str]) -> None:
    """Tries the frames of `/v1/stream` without a query, good and bad ones."""
    order = await asyncio.to_thread(place, base, ORDER)
    unknown = "0198c1f2-0000-7000-8000-000000000000"
    requests = [
        {"op": "ping", "id": 1}, {"op": "subscribe", "orderId": order, "after": 0}, {"op": "subscribe", "userId": ORDER["userId"]},
        {"op": "subscribe", "orderId": unknown}, {"op": "unsubscribe", "userId": ORDER["userId"]}]
    wanted = {"pong", "subscribed", "event", "done", "BAD_REQUEST", "UNKNOWN_ORDER"}
    async with websockets.connect(f"ws{base.removeprefix('http')}/v1/stream", proxy=None) as socket:
        for request in requests:
            assert documents.receivable_on("native", request), f"asyncapi.yaml does not allow {request}"
            await socket.send(json.dumps(request))
        await socket.send('{"op":"dance"}')
        async with asyncio.timeout(30):
            while wanted:
                frame = checked(validator, await socket.recv(), "frames of /v1/stream")
                messages["frames"] += 1
                wanted -= {frame["op"], frame.get("code")}
