"""Following an order over WebSockets: what each client saw, and when, over as many connections as it took."""

import asyncio
import json
import random
from dataclasses import dataclass, field

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage

from .clients import FINAL


@dataclass
class Followed:
    """What one client has seen of its order."""

    events: list = field(default_factory=list)  # /v1/stream: over all connections
    connections: list = field(default_factory=list)  # /ws/orders/{id}: the messages of each connection, which begins anew each time
    closes: list = field(default_factory=list)
    final: bool = False
    problems: list = field(default_factory=list)
    late: list = field(default_factory=list)  # (seq, sent at, seen at) of live events, by this machine's clock


class Sockets:
    def __init__(self, port, now):
        self.port, self.now = port, now
        self.closing = False
        self.open = 0
        self.finals_at = []
        self.closed_with = {}

    async def follow(self, submission):
        """Until the final event has come, with as many connections as that takes."""
        seen, plan = Followed(), submission.plan
        submission.followed = seen
        drop = plan.drops_after
        while not seen.final and not self.closing:
            await self._connection(submission.id, seen, plan.dialect, drop)
            drop = None
            if not seen.final:
                await asyncio.sleep(random.uniform(0.1, 0.6))
        return seen

    async def _connection(self, order, seen, dialect, drop):
        path = f"/ws/orders/{order}" if dialect else f"/v1/stream?orderId={order}&after={len(seen.events)}"
        if dialect:
            seen.connections.append([])
        count = 0
        try:
            async with connect(
                f"ws://127.0.0.1:{self.port}{path}", open_timeout=10, close_timeout=2, ping_interval=None, compression=None, proxy=None
            ) as socket:
                self.open += 1
                opened = self.now()
                try:
                    while True:
                        text = await asyncio.wait_for(socket.recv(), 30 if seen.final else 90)
                        self._take(seen, json.loads(text), dialect, opened)
                        count += 1
                        if count == drop and not seen.final:
                            return
                finally:
                    self.open -= 1
        except ConnectionClosed as closed:
            self._closed(seen, closed.rcvd.code if closed.rcvd else 1006, closed.rcvd.reason if closed.rcvd else "")
        except (OSError, EOFError, TimeoutError, InvalidHandshake, InvalidMessage) as problem:
            seen.closes.append(type(problem).__name__)
            if seen.final and isinstance(problem, TimeoutError):
                seen.problems.append("not closed within 30 s after the final event")

    def _take(self, seen, message, dialect, opened):
        if seen.final:
            seen.problems.append("a message came after the final one")
        if dialect:
            seen.connections[-1].append(message)
            status = message.get("status")
        else:
            if message.get("op") != "event":
                return
            event = message["event"]
            if event["seq"] != len(seen.events) + 1:
                seen.problems.append(f"seq {event['seq']} came after {len(seen.events)}")
            seen.events.append(event)
            status = event["status"]
            seen.late.append((event["seq"], opened, self.now()))
        if status in FINAL:
            seen.final = True
            self.finals_at.append(self.now())

    def _closed(self, seen, code, reason):
        seen.closes.append(code)
        self.closed_with[code] = self.closed_with.get(code, 0) + 1
        if code == 1000 and not seen.final:
            seen.problems.append("closed with 1000 before the final event")
        if code in (1003, 1007, 1008, 1009, 1011, 4401, 4404, 4408):
            seen.problems.append(f"closed with {code} {reason}")
