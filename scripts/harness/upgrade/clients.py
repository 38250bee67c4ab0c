"""The clients: some place orders all the time, one follows its user, and others follow an order. None of them knows of the upgrade."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage
from websockets.sync.client import ClientConnection, connect

from harness.http_client import Answer, Json, Lost, ask
from harness.orders import FINAL, ORDER, fields_of
from harness.private import until

USER = "user-over-the-upgrade"
AGAIN = 0.2  # seconds until a client tries again
LARGE = 25  # times the usual amount: an order that is worth dividing over several pools
PASSING = (429, 502, 503)  # answers after which a client sends the same request again


@dataclass
class Placed:
    """An order as its client knows it."""

    request: Json
    key: str
    answer: Answer

    @property
    def id(self) -> str:
        return self.answer.json()["orderId"]


@contextmanager
def _beside(jobs: Sequence[Callable[[], None]], stopping: threading.Event) -> Iterator[None]:
    """Runs jobs beside the caller's work, each in a thread, and tells them when to stop. A job that has failed tells more than the caller's error."""
    with ThreadPoolExecutor(max_workers=len(jobs)) as pool:
        work = [pool.submit(job) for job in jobs]
        try:
            yield
        finally:
            stopping.set()
            for done in work:
                done.result()


def post(base: str, request: Json, key: str) -> Answer:
    return ask(f"{base}/api/orders/execute", "POST", request, {"Idempotency-Key": key}, timeout=5)


@dataclass
class Clients:
    """Place one order after the other, each under a key of its own, and repeat a request until it is accepted."""

    base: str
    count: int
    placed: list[Placed] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)  # why requests had to be repeated -> how often
    stopping: threading.Event = field(default_factory=threading.Event)
    giving_up: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Lets the clients place orders meanwhile. At the end each brings the order in that it has in hand, unless the test has failed."""
        with _beside([partial(self._serve, number) for number in range(self.count)], self.stopping):
            try:
                yield
            except BaseException:
                self.giving_up.set()
                raise

    def of(self, user: str) -> set[str]:
        """The orders of a user."""
        return {placed.id for placed in self.placed if placed.request.get("userId") == user}

    def reach(self, count: int) -> None:
        """Waits until that many orders are accepted."""
        until(lambda: len(self.placed) >= count, f"no {count} orders were accepted, but {len(self.placed)} and {dict(self.refused)}", 30)

    def _serve(self, client: int) -> None:
        number = 0
        while not self.stopping.wait(AGAIN):
            number += 1
            # Every second client is the same user, and every fourth order is large.
            owner = {"userId": USER} if client % 2 == 0 else {"userId": f"user-{client}"} if client % 4 == 1 else {}
            amount = ORDER["amount"] * (LARGE if number % 4 == 0 else 1)
            self._place(ORDER | owner | {"amount": amount}, f"key-{client}-{number}")

    def _place(self, request: Json, key: str) -> None:
        deadline = time.monotonic() + 120
        while (why := self._tried(request, key)) is not None and not self.giving_up.wait(AGAIN):
            self.refused[why] += 1
            assert time.monotonic() < deadline, f"{key} was not accepted within two minutes: {why}"

    def _tried(self, request: Json, key: str) -> str | None:
        """Why the request has to be repeated. None if the order is accepted."""
        try:
            answer = post(self.base, request, key)
        except Lost:
            return "no answer"
        if answer.status == 202:
            self.placed.append(Placed(request, key, answer))
            return None
        assert answer.status in PASSING and "retry-after" in answer.headers, f"{key}: {answer.status} {answer.text[:300]}"
        return answer.code


@dataclass
class UserFollower:
    """Follows all orders of a user on one socket, and comes back after each break."""

    base: str
    events: dict[str, list[Json]] = field(default_factory=dict)  # order -> its events
    last: str | None = None  # time of the last event
    stopping: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        with _beside([self._follow], self.stopping):
            yield

    def ended(self) -> set[str]:
        """The orders whose end the user has seen."""
        return {order for order, events in list(self.events.items()) if events and events[-1]["status"] in FINAL}

    def _follow(self) -> None:
        while not self.stopping.is_set():
            try:
                with _socket(self.base, "/v1/stream") as socket:
                    socket.send(json.dumps({"op": "subscribe", "userId": USER} | ({"since": self.last} if self.last else {})))
                    while not self.stopping.is_set():
                        self._hear(socket)
            except (OSError, EOFError, InvalidHandshake, InvalidMessage, ConnectionClosed):
                self.stopping.wait(AGAIN)

    def _hear(self, socket: ClientConnection) -> None:
        try:
            message = json.loads(socket.recv(timeout=AGAIN))
        except TimeoutError:
            return
        if message["op"] == "event":
            self._take(message["event"])
        else:
            assert message["op"] == "subscribed", message

    def _take(self, event: Json) -> None:
        seen = self.events.setdefault(event["orderId"], [])
        if event["seq"] <= len(seen):
            assert seen[event["seq"] - 1] == event, f"{seen[event['seq'] - 1]} came again as {event}"
            return
        assert event["seq"] == len(seen) + 1, f"order {event['orderId']}: event {event['seq']} came after {len(seen)}"
        seen.append(event)
        self.last = event["timestamp"]


def _socket(base: str, path: str) -> ClientConnection:
    return connect(f"ws{base.removeprefix('http')}{path}", open_timeout=5, close_timeout=2, compression=None, proxy=None)


def followed(base: str, order: str, after: int, count: int | None = None) -> list[Json]:
    """Events of an order after one that was seen: so many of them, or all until the server closes the socket."""
    events = []
    with _socket(base, f"/v1/stream?orderId={order}&after={after}") as socket:
        try:
            while count is None or len(events) < count:
                message = json.loads(socket.recv(timeout=20))
                assert message["op"] == "event", message
                events.append(message["event"])
        except ConnectionClosed as closed:
            assert closed.rcvd is not None and closed.rcvd.code == 1000, f"order {order}: closed with {closed.rcvd}"
    return events


def streamed(base: str, order: str, after: int) -> list[Json]:
    """All events of an order after one that was seen, as server-sent events."""
    answer = ask(f"{base}/api/orders/{order}/events", headers={"Accept": "text/event-stream", "Last-Event-ID": str(after)}, timeout=20)
    return [json.loads(fields["data"]) for block in answer.text.split("\n\n") if "data" in (fields := fields_of(block))]
