"""Places an order and follows it to its end, with nothing but the standard library."""

import json
import time
from collections.abc import Callable, Mapping

from .http_client import Json, Lost, ask

FINAL = ("confirmed", "failed", "cancelled", "expired")
ORDER = {"tokenIn": "SOL", "tokenOut": "USDC", "amount": 1.5, "slippage": 0.05}


class Refused(Exception):
    """The engine's answer was not 202. The text is the answer's own sentence."""


def place(base: str, order: Json, headers: Mapping[str, str] | None = None) -> str:
    """Places an order at `base` (http://host:port) and returns its id."""
    answer = ask(f"{base}/api/orders/execute", "POST", order, headers)
    if answer.status != 202:
        raise Refused(answer.json().get("error") or f"HTTP {answer.status}")
    return answer.json()["orderId"]


def follow(
    base: str, order_id: str, seconds: float = 60, told: Callable[[Json], None] = lambda event: None, headers: Mapping[str, str] | None = None
) -> list[Json]:
    """The events of an order, each once and in order, once the final one is there. `told` is called with each event as it comes.

    Follows the order by server-sent events. After a lost connection it goes on from where it was."""
    events, rest = [], b""

    def take(piece: bytes) -> None:
        nonlocal rest
        *blocks, rest = (rest + piece).split(b"\n\n")
        for event in (json.loads(fields["data"]) for block in blocks if "data" in (fields := fields_of(block.decode()))):
            if event["seq"] != len(events) + 1:
                raise RuntimeError(f"order {order_id}: event {event['seq']} came after {len(events)}")
            events.append(event)
            told(event)

    deadline = time.monotonic() + seconds
    while not events or events[-1]["status"] not in FINAL:
        rest, fields = b"", {"Accept": "text/event-stream", "Last-Event-ID": str(len(events)), **(headers or {})}
        try:
            answer = ask(f"{base}/api/orders/{order_id}/events", headers=fields, timeout=max(0.1, deadline - time.monotonic()), heard=take)
            problem = answer.code or "the stream ended"
        except Lost as lost:
            problem = lost
        if time.monotonic() > deadline:
            raise TimeoutError(f"order {order_id} was not final after {seconds} s; the last of its events was {len(events)}: {problem}")
        if not events or events[-1]["status"] not in FINAL:
            time.sleep(0.5)
    return events


def fields_of(block: str) -> dict[str, str]:
    """The fields of a server-sent event."""
    return dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
