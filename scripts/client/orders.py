"""Placing an order and following it to its end."""

import json
import time
import urllib.error
import urllib.request

from .websocket import Closed, WebSocket

FINAL = ("confirmed", "failed", "cancelled")


class Refused(Exception):
    """The engine's answer was not 202; its text is the answer's own sentence."""


def place(base, order, timeout=10):
    """Places an order at `base` (http://host:port) and returns its id."""
    request = urllib.request.Request(
        f"{base}/api/orders/execute", json.dumps(order).encode(), {"Content-Type": "application/json"}, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return json.load(answer)["orderId"]
    except urllib.error.HTTPError as problem:
        body = problem.read()
        try:
            raise Refused(json.loads(body)["error"]) from None
        except (ValueError, KeyError):
            raise Refused(f"HTTP {problem.code}") from None


def follow(base, order_id, seconds=60):
    """The events of an order, each once and in order, until the final one. Comes back after a lost connection, from where it was."""
    seen, deadline = 0, time.monotonic() + seconds
    while True:
        try:
            for event in _events(base, order_id, seen, deadline):
                if event["seq"] != seen + 1:
                    raise RuntimeError(f"order {order_id}: event {event['seq']} came after {seen}")
                seen = event["seq"]
                yield event
                if event["status"] in FINAL:
                    return
            problem = Closed(1000, "before the final event")
        except (OSError, Closed) as lost:
            if isinstance(lost, Closed) and lost.code in (1008, 4401, 4404):
                raise
            problem = lost
        if time.monotonic() > deadline:
            raise TimeoutError(f"order {order_id} was not final after {seconds} s; the last of its events was {seen}: {problem}")
        time.sleep(0.5)


def _events(base, order_id, after, deadline):
    stream = WebSocket(f"ws{base.removeprefix('http')}/v1/stream?orderId={order_id}&after={after}", timeout=10)
    try:
        for text in stream.messages(deadline):
            message = json.loads(text)
            if message.get("op") == "event":
                yield message["event"]
    finally:
        stream.close()
