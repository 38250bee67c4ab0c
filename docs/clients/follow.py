"""Places an order and prints what happens to it. Needs the package websockets.

    python follow.py [http://localhost:3000]"""

import asyncio
import http.client
import json
import sys
import time
import urllib.error
import urllib.request
import uuid

import websockets


def place(engine: str) -> str:
    """Places an order. If its answer is lost, nobody knows whether it was accepted. It is sent again under its key: it is the same order then."""
    order = {"tokenIn": "SOL", "tokenOut": "USDC", "amount": 1.5, "slippage": 0.05}
    headers = {"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4())}
    request = urllib.request.Request(f"{engine}/api/orders/execute", json.dumps(order).encode(), headers)
    for pause in (0.5, 1, 2, 4, None):
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return json.load(answer)["orderId"]
        except (OSError, http.client.HTTPException) as problem:
            if pause is None or isinstance(problem, urllib.error.HTTPError) and problem.code < 500:
                raise
            time.sleep(pause)


async def stream_order(engine: str, order_id: str) -> dict:
    """Shows every event once. After a lost connection it resumes after the last `seq`. Returns the final event."""
    seen, event = 0, None
    while event is None or event["status"] not in ("confirmed", "failed", "cancelled", "expired"):
        uri = f"ws{engine.removeprefix('http')}/v1/stream?orderId={order_id}&after={seen}"
        try:
            async with websockets.connect(uri) as websocket:
                async for message in websocket:
                    event = json.loads(message)["event"]
                    seen = event["seq"]
                    print(f"{event['seq']:3} {event['type']:16} {event['message']}")
        except (OSError, websockets.ConnectionClosed) as problem:
            if isinstance(problem, websockets.ConnectionClosed) and problem.rcvd and problem.rcvd.code in (1008, 4404):
                raise
            await asyncio.sleep(0.5)
    return event


if __name__ == "__main__":
    address = sys.argv[1] if len(sys.argv) > 1 else "http://localhost:3000"
    final = asyncio.run(stream_order(address, place(address)))
    print("Order completed!" if final["status"] == "confirmed" else "Order failed:", final.get("txHash") or final["message"])
