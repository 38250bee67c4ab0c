"""The clients: each places one order through the edge (some twice at once or again) and remembers what it was told."""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage

from harness.http_client import Answer, Json, Lost, request
from harness.orders import FINAL

from .waits import Wait, price_of

PAIRS = (("SOL", "USDC", (0.01, 3.0)), ("USDC", "SOL", (1.0, 400.0)), ("SOL", "USDT", (0.01, 3.0)))
LARGE = 25  # times the usual amount: an order that is worth dividing over several pools
PATIENCE = 5.0  # seconds for one request
UNKNOWN = 4404  # the order is not there


@dataclass
class Plan:
    """What a client is going to do. It is drawn from the seed before anything runs."""

    index: int
    order: Json
    keyed: bool
    races: bool
    repeats: bool
    cancel_after: float | None
    reads_late: float  # seconds before the client opens its socket
    dialect: bool  # /ws/orders/{id} instead of /v1/stream
    drops_after: int | None  # closes its socket after that many messages, once
    looks_back: bool  # reads the order by HTTP after the final event
    wait: Wait | None = None  # the price that it waits for

    @staticmethod
    def draw(index: int, seed: int, waits: bool = False) -> "Plan":
        chance = random.Random(f"{seed}/{index}")
        token_in, token_out, (min_amount, max_amount) = chance.choice(PAIRS)
        digits = 9 if token_in == "SOL" else 6
        if chance.random() < 0.3:
            min_amount, max_amount = min_amount * LARGE, max_amount * LARGE
        order = {"tokenIn": token_in, "tokenOut": token_out, "amount": f"{chance.uniform(min_amount, max_amount):.{digits}f}".rstrip("0").rstrip(".")}
        order["slippageBps"] = chance.choice((1, 2, 5)) if chance.random() < 0.1 else 100
        if chance.random() < 0.1:
            order["deadline"] = chance.choice((1, 2, 3))
        keyed = chance.random() < 0.55
        wait = Wait.draw(index, seed) if waits else None
        if wait:
            order.pop("deadline", None)
        return Plan(
            index=index, order=order, keyed=keyed, races=keyed and chance.random() < 0.3, repeats=keyed and chance.random() < 0.15,
            cancel_after=chance.uniform(0, 0.8) if chance.random() < 0.12 else None,
            reads_late=chance.uniform(0.3, 8) if chance.random() < 0.5 else 0.0, dialect=chance.random() < 0.15,
            drops_after=chance.randint(1, 4) if chance.random() < 0.1 else None, looks_back=chance.random() < 0.2, wait=wait)

    @staticmethod
    def plain(number: int) -> "Plan":
        """A plain order, for a fault that needs an order of its own."""
        return Plan(
            index=-number, order={"tokenIn": "SOL", "tokenOut": "USDC", "amount": "0.5"}, keyed=True, races=False, repeats=False,
            cancel_after=None, reads_late=0.0, dialect=False, drops_after=None, looks_back=False)


@dataclass
class Followed:
    """What one client has seen of its order."""

    events: list[Json] = field(default_factory=list)  # /v1/stream: events over all connections
    connections: list[list[Json]] = field(default_factory=list)  # /ws/orders/{id}: the messages of each connection, which each start anew
    closes: list[int | str] = field(default_factory=list)
    final: bool = False
    forgotten: list[list[Json]] = field(default_factory=list)  # events before each SEQ_AHEAD, which says that they are no more
    problems: list[str] = field(default_factory=list)
    gone: bool = False  # Redis has lost the order, so its end will not come
    socket: ClientConnection | None = None
    late: list[tuple[int, float, float]] = field(default_factory=list)  # (seq, sent at, seen at) of live events, by this machine's clock


@dataclass
class Submission:
    """One order as its client knows it. Every submission has a user of its own, so that the records can be told apart."""

    user: str
    key: str | None
    plan: Plan
    answers: list[tuple[int | str, str, str | None]] = field(default_factory=list)  # (status or "lost", code, order id or None)
    ids: set[str] = field(default_factory=set)  # ids of every 202, and of every 503 that a GET has confirmed
    doubtful: set[str] = field(default_factory=set)  # ids that a 503 has named
    outcome: str = "unknown"  # accepted, refused, absent (said by a GET), unknown
    cancel: list[tuple[int | str, str, str]] = field(default_factory=list)  # answers to DELETE
    followed: Followed | None = None
    problems: list[str] = field(default_factory=list)
    bodies: list[Json] = field(default_factory=list)  # what was sent: one order, or the two of a pair
    other: str | None = None  # the second order of the pair, once it is known

    @property
    def id(self) -> str | None:
        return next(iter(self.ids), None)

    @property
    def is_pair(self) -> bool:
        return len(self.bodies) == 2


class Clients:
    def __init__(
        self, base: str, follow: Callable[[Submission], Awaitable[Followed]], clock: Callable[[], float], headers: Mapping[str, str] | None = None
    ) -> None:
        """`headers` come with every request."""
        self.base, self.follow, self.clock, self.headers = base, follow, clock, headers or {}
        self.submissions = []
        self.accepted_at = []  # times of each 202
        self.slowest = {}  # status -> longest time to the answer
        self.closing = False  # no more tries

    async def serve(self, plan: Plan) -> None:
        """Runs one client from its first request to the end of its stream."""
        submission = await self.place(plan)
        await self.stay(submission)

    async def stay(self, submission: Submission) -> None:
        """Does what a client does once its order is accepted."""
        plan = submission.plan if submission else None
        if submission is None or submission.id is None:
            return
        after = [self._cancel(submission)] if plan.cancel_after is not None else []
        if plan.repeats:
            after.append(self._repeat(submission))
        await asyncio.gather(self._watch(submission), *after, *(self._watch(other) for other in self._beside(submission)))

    def _beside(self, submission: Submission) -> list[Submission]:
        """The other order of a pair, as an order of its own that its client follows."""
        if submission.other is None:
            return []
        plan = replace(submission.plan, cancel_after=None, order=submission.bodies[1], repeats=False)
        other = Submission(submission.user, submission.key, plan, ids={submission.other}, outcome="accepted", bodies=submission.bodies)
        self.submissions.append(other)
        return [other]

    async def _watch(self, submission: Submission) -> None:
        await asyncio.sleep(submission.plan.reads_late)
        submission.followed = await self.follow(submission)
        if submission.plan.looks_back and submission.followed.final:
            await self._look_back(submission)

    async def _look_back(self, submission: Submission) -> None:
        """Reads the order by its id. Such a read is never behind what a socket has shown."""
        try:
            answer = await request(f"{self.base}/api/orders/{submission.id}", headers=self.headers, timeout=PATIENCE)
        except Lost:
            return
        if answer.status == 200 and answer.json().get("status") not in FINAL:
            submission.problems.append(f"GET says {answer.json().get('status')} after the socket has shown the end")
        elif answer.status == 404:
            submission.problems.append("GET says 404 after the socket has shown the end")

    # Placing

    async def place(self, plan: Plan) -> Submission | None:
        for attempt in range(1, 200):
            submission = Submission(f"u{plan.index}-{attempt}", f"key-{plan.index}" if plan.keyed else None, plan)
            if not await self._prepare(submission):
                await asyncio.sleep(random.uniform(0.2, 0.6))
                continue
            self.submissions.append(submission)
            if plan.keyed:
                await asyncio.gather(*(self._until_answered(submission) for _ in range(2 if plan.races else 1)))
            else:
                await self._once(submission)
                if submission.outcome == "refused" and not self.closing:
                    await asyncio.sleep(random.uniform(0.3, 1.0))
                    continue
            return submission
        return None

    async def _prepare(self, submission: Submission) -> bool:
        """Makes what is sent. False while the price is not known that an order is to wait for."""
        plan = submission.plan
        submission.bodies = [plan.order]
        if plan.wait is None:
            return True
        price = await price_of(self.base, plan.order, self.headers)
        if price is None:
            return self.closing
        submission.bodies = [plan.order | body for body in plan.wait.bodies(plan.order, price)]
        return True

    def _request(self, submission: Submission) -> tuple[str, Json]:
        if submission.is_pair:
            return "/api/orders/oco", {"orders": submission.bodies, "userId": submission.user}
        return "/api/orders/execute", {**submission.bodies[0], "userId": submission.user}

    async def _post(self, submission: Submission) -> Answer | None:
        path, body = self._request(submission)
        headers = {**self.headers, "Idempotency-Key": submission.key} if submission.key else self.headers
        try:
            answer = await request(f"{self.base}{path}", "POST", body, headers, timeout=PATIENCE)
        except Lost:
            submission.answers.append(("lost", "", None))
            return None
        order = self._named(submission, answer.json())
        submission.answers.append((answer.status, answer.code, order))
        self.slowest[answer.status] = max(self.slowest.get(answer.status, 0.0), answer.seconds)
        if answer.status == 202:
            submission.outcome = "accepted"
            submission.ids.add(order)
            self.accepted_at.append(self.clock())
        elif answer.status in (502, 503):
            if "retry-after" not in answer.headers:
                submission.problems.append(f"{answer.status} {answer.code} without Retry-After")
            if order:
                submission.doubtful.add(order)
        else:
            submission.problems.append(f"POST was answered {answer.status} {answer.text[:300]}")
        return answer

    @staticmethod
    def _named(submission: Submission, answer: Json) -> str | None:
        """The order that an answer names, the first of a pair. Notes the second."""
        orders = [order["orderId"] for order in answer.get("orders", [])]
        if len(orders) == 2:
            submission.other = orders[1]
        return answer.get("orderId") or next(iter(orders), None)

    async def _until_answered(self, submission: Submission) -> None:
        """Repeats the request until there is an answer. For clients with a key."""
        while not self.closing:
            answer = await self._post(submission)
            if answer is not None and answer.status not in (429, 502, 503):
                return
            await asyncio.sleep(random.uniform(0.2, 1.0))

    async def _once(self, submission: Submission) -> None:
        """Sends the request once. For clients without a key: a lost answer leaves the order in doubt, unless a 503 has named it."""
        answer = await self._post(submission)
        if answer is None or answer.status == 202 or answer.code == "OUTCOME_UNKNOWN":
            return
        if not submission.doubtful:
            submission.outcome = "refused"
            return
        order = next(iter(submission.doubtful))
        await asyncio.sleep(2)  # the engine accepts nothing that late
        while not self.closing:
            try:
                found = await request(f"{self.base}/api/orders/{order}", headers=self.headers, timeout=PATIENCE)
            except Lost:
                found = None
            if found is not None and found.status in (200, 404):
                submission.outcome = "accepted" if found.status == 200 else "absent"
                submission.ids |= {order} if found.status == 200 else set()
                submission.other = found.json().get("ocoOrderId")
                return
            await asyncio.sleep(random.uniform(0.2, 1.0))

    async def _repeat(self, submission: Submission) -> None:
        await asyncio.sleep(random.uniform(0.5, 3))
        answer = await self._post(submission)
        if answer is not None and answer.status == 202 and answer.headers.get("idempotent-replayed") != "true":
            submission.problems.append("a repeated POST was not answered as a replay")

    async def _cancel(self, submission: Submission) -> None:
        await asyncio.sleep(submission.plan.cancel_after)
        for _ in range(3):
            try:
                answer = await request(f"{self.base}/api/orders/{submission.id}", "DELETE", headers=self.headers, timeout=PATIENCE)
            except Lost:
                submission.cancel.append(("lost", "", ""))
            else:
                submission.cancel.append((answer.status, answer.code, answer.json().get("status", "")))
                if answer.status not in (502, 503):
                    return
            await asyncio.sleep(random.uniform(0.2, 0.6))


class Sockets:
    def __init__(self, base: str, now: Callable[[], float], headers: Mapping[str, str] | None = None) -> None:
        """`headers` come with every request."""
        self.base, self.now, self.headers = f"ws{base.removeprefix('http')}", now, headers or {}
        self.closing = False
        self.open = 0
        self.finals_at = []
        self.closed_with = {}

    async def follow(self, submission: Submission) -> Followed:
        """Follows the order until its final event, over as many connections as that takes."""
        seen, plan = Followed(), submission.plan
        submission.followed = seen
        drop = plan.drops_after
        while not seen.final and not seen.gone and not self.closing:
            await self._connection(submission.id, seen, plan.dialect, drop)
            drop = None
            if not seen.final:
                await asyncio.sleep(random.uniform(0.1, 0.6))
        return seen

    async def give_up(self, submission: Submission) -> None:
        """Lets a client wait no longer for the end of an order that Redis has lost."""
        submission.followed.gone = True
        if submission.followed.socket is not None:
            await submission.followed.socket.close()

    async def _connection(self, order: str, seen: Followed, dialect: bool, drop: int | None) -> None:
        path = f"/ws/orders/{order}" if dialect else f"/v1/stream?orderId={order}&after={len(seen.events)}"
        if dialect:
            seen.connections.append([])
        count = 0
        try:
            async with connect(
                f"{self.base}{path}", open_timeout=10, close_timeout=2, ping_interval=None, compression=None, proxy=None,
                additional_headers=self.headers
            ) as socket:
                self.open += 1
                opened, seen.socket = self.now(), socket
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

    def _take(self, seen: Followed, message: Json, dialect: bool, opened: float) -> None:
        if seen.final:
            seen.problems.append("a message came after the final one")
        if dialect:
            seen.connections[-1].append(message)
            status = message.get("status")
        else:
            if message.get("code") == "SEQ_AHEAD":
                seen.forgotten.append(seen.events)
                seen.events, seen.late = [], []
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

    def _closed(self, seen: Followed, code: int, reason: str) -> None:
        seen.closes.append(code)
        self.closed_with[code] = self.closed_with.get(code, 0) + 1
        if code == 1000 and not seen.final:
            seen.problems.append("closed with 1000 before the final event")
        if code in (1003, 1007, 1008, 1009, 1011, 4401, UNKNOWN, 4408):
            seen.problems.append(f"closed with {code} {reason}")
