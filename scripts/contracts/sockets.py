"""Every message of every socket, and every server-sent event, held against asyncapi.yaml: orders that land at once, late, in part, and never,
that no venue takes, and that are cancelled."""

import asyncio
import json
import urllib.error
import urllib.request
from collections import Counter

import websockets

from client.orders import place

from .documents import checked

ORDER = {"tokenIn": "SOL", "tokenOut": "USDC", "amount": 1.5, "slippage": 0.05, "userId": "contracts"}
POOLLESS = "MET"
# channel, path, the first message of the client
PATHS = (
    ("native", "/v1/stream?orderId={id}&after=0", None), ("backfill", "/api/orders/execute?orderId={id}", None),
    ("progress", "/api/orders/status/{id}", None), ("updates", "/ws/orders/{id}", None), ("snakeCase", "/api/orders/status", "{id}"))
AMOUNTS = (1.5, 200)  # for one venue, and for two
OUTCOMES = {"at once", "after a retry", "never", "split", "in part", "no route", "cancelled"}
# What becomes of most orders is left to chance; one is of a token without a pool, some are cancelled as soon as they can be.
PLANS = ("trade",) * 16 + ("no route",) + ("cancel",) * 3
MOST = 200


def run(base, documents):
    """Raises at the first message that is not as described."""
    return asyncio.run(_run(base, documents))


async def _run(base, documents):
    validators = {channel: documents.sent_on(channel) for channel, _, _ in PATHS}
    event = documents.event()
    outcomes, messages, placed = Counter(), Counter(), 0
    while set(outcomes) != OUTCOMES:
        assert placed < MOST, f"{placed} orders ended only so: {dict(outcomes)}"
        placed += len(PLANS)
        stories = (_story(base, plan, AMOUNTS[n % 2], validators, event, messages) for n, plan in enumerate(PLANS))
        for story in await asyncio.gather(*stories):
            outcomes.update(story)
    await _frames(base, documents, validators["native"], messages)
    return f"{sum(messages.values())} messages of {placed} orders: {dict(messages)}; {dict(outcomes)}"


async def _story(base, plan, amount, validators, event, messages):
    """One order, followed on every path at once, and once more when it is over. Answers what has become of it."""
    order = await asyncio.to_thread(_begun, base, plan, amount)
    live = await asyncio.gather(
        asyncio.to_thread(_events, base, order, 0, event), *(_conversation(base, order, path, validators) for path in PATHS))
    await asyncio.gather(*(_conversation(base, order, path, validators) for path in PATHS))
    events = live[0]
    assert [each["seq"] for each in events] == list(range(1, len(events) + 1)), f"{order}: {[each['seq'] for each in events]}"
    middle = len(events) // 2
    assert await asyncio.to_thread(_events, base, order, middle, event) == events[middle:], f"{order} resumed after {middle}"
    assert [frame["event"] for frame in live[1]] == events, f"{order}: the socket and the stream differ"
    messages["sse"] += len(events)
    for (channel, _, _), texts in zip(PATHS, live[1:]):
        messages[channel] += len(texts)
    last = events[-1]
    story = {"split"} if "legs" in last else set()
    if last["status"] == "cancelled":
        return story | {"cancelled"}
    if last["status"] == "failed":
        if last["error"]["code"] == "NO_ROUTE":
            return story | {"no route"}
        return story | {"in part" if "filled" in last else "never"}
    return story | {"at once" if last["attempt"] == 1 else "after a retry"}


async def _conversation(base, order, path, validators):
    channel, address, greeting = path
    url = f"ws{base.removeprefix('http')}{address.format(id=order)}"
    received = []
    async with websockets.connect(url, proxy=None) as socket:
        if greeting:
            await socket.send(f" {greeting.format(id=order)}\n")
        async with asyncio.timeout(30):
            async for text in socket:
                received.append(checked(validators[channel], text, f"{channel} of {order}"))
    assert socket.close_code == 1000 and received, f"{channel} of {order}: closed with {socket.close_code} {socket.close_reason}"
    return received


def _begun(base, plan, amount):
    """A new order; one that is to be cancelled already is, or too late."""
    order = place(base, ORDER | {"amount": amount} | ({"tokenOut": POOLLESS} if plan == "no route" else {}))
    while plan == "cancel" and _refusal(base, order) == "ORDER_SUBMITTED":
        pass  # its transaction may fail, and then there is time before the next
    return order


def _refusal(base, order):
    """Why an order cannot be cancelled, or None when it is."""
    request = urllib.request.Request(f"{base}/api/orders/{order}", method="DELETE")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert json.load(answer)["status"] == "cancelled"
    except urllib.error.HTTPError as problem:
        return json.load(problem)["code"]


def _events(base, order, after, validator):
    request = urllib.request.Request(f"{base}/api/orders/{order}/events", headers={"Accept": "text/event-stream", "Last-Event-ID": str(after)})
    events = []
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.headers["Content-Type"] == "text/event-stream"
        for block in answer.read().decode().split("\n\n"):
            fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
            if "data" in fields:  # the first says only when to come back
                event = checked(validator, fields["data"], f"server-sent events of {order}")
                assert fields["id"] == str(event["seq"]) and fields["event"] == event["type"], fields
                events.append(event)
    return events


async def _frames(base, documents, validator, messages):
    """The frames of `/v1/stream` without a query, good and bad."""
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
