"""The clients: each places one order through the edge, some of them twice at once or again, and remembers what it was told."""

import asyncio
import random
from dataclasses import dataclass, field

from .http_client import Lost, request

PAIRS = (("SOL", "USDC", (0.01, 3.0)), ("USDC", "SOL", (1.0, 400.0)), ("SOL", "USDT", (0.01, 3.0)))
LARGE = 25  # times as much: an order that is worth dividing over several pools
PATIENCE = 5.0  # seconds for one request
FINAL = ("confirmed", "failed", "cancelled")


@dataclass
class Plan:
    """What a client is going to do, drawn from the seed before anything runs."""

    index: int
    order: dict
    keyed: bool
    races: bool
    repeats: bool
    cancel_after: float | None
    reads_late: float  # seconds before it opens its socket
    dialect: bool  # /ws/orders/{id} instead of /v1/stream
    drops_after: int | None  # closes its socket after that many messages, once
    looks_back: bool  # reads the order over HTTP after the final event

    @staticmethod
    def draw(index, seed):
        chance = random.Random(f"{seed}/{index}")
        token_in, token_out, (least, most) = chance.choice(PAIRS)
        digits = 9 if token_in == "SOL" else 6
        if chance.random() < 0.3:
            least, most = least * LARGE, most * LARGE
        order = {"tokenIn": token_in, "tokenOut": token_out, "amount": f"{chance.uniform(least, most):.{digits}f}".rstrip("0").rstrip(".")}
        order["slippageBps"] = chance.choice((1, 2, 5)) if chance.random() < 0.1 else 100
        if chance.random() < 0.1:
            order["deadline"] = chance.choice((1, 2, 3))
        keyed = chance.random() < 0.55
        return Plan(
            index=index, order=order, keyed=keyed, races=keyed and chance.random() < 0.3, repeats=keyed and chance.random() < 0.15,
            cancel_after=chance.uniform(0, 0.8) if chance.random() < 0.12 else None,
            reads_late=chance.uniform(0.3, 8) if chance.random() < 0.5 else 0.0, dialect=chance.random() < 0.15,
            drops_after=chance.randint(1, 4) if chance.random() < 0.1 else None, looks_back=chance.random() < 0.2)


    @staticmethod
    def plain(number):
        """An order that nothing is done to but what a fault needs it for."""
        return Plan(
            index=-number, order={"tokenIn": "SOL", "tokenOut": "USDC", "amount": "0.5"}, keyed=True, races=False, repeats=False,
            cancel_after=None, reads_late=0.0, dialect=False, drops_after=None, looks_back=False)


@dataclass
class Submission:
    """One order as its client knows it; every submission has a user of its own, so that the records can be told apart."""

    user: str
    key: str | None
    plan: Plan
    answers: list = field(default_factory=list)  # (status or "lost", code, order id or None)
    ids: set = field(default_factory=set)  # of every 202, and of a 503 that a GET has confirmed
    doubtful: set = field(default_factory=set)  # ids that a 503 has named
    outcome: str = "unknown"  # accepted, refused, absent (said by a GET), unknown
    cancel: list = field(default_factory=list)  # answers to DELETE
    followed: object = None
    problems: list = field(default_factory=list)

    @property
    def id(self):
        return next(iter(self.ids), None)


class Clients:
    def __init__(self, port, follow, clock):
        self.port, self.follow, self.clock = port, follow, clock
        self.submissions = []
        self.accepted_at = []  # moments of each 202
        self.slowest = {}  # status -> longest time to the answer
        self.closing = False  # no more tries

    async def serve(self, plan):
        """One client from its first request to the end of its stream."""
        submission = await self.place(plan)
        await self.stay(submission)

    async def stay(self, submission):
        """What a client does once its order is in."""
        plan = submission.plan if submission else None
        if submission is None or submission.id is None:
            return
        after = [self._cancel(submission)] if plan.cancel_after is not None else []
        if plan.repeats:
            after.append(self._repeat(submission))
        await asyncio.gather(self._watch(submission), *after)

    async def _watch(self, submission):
        await asyncio.sleep(submission.plan.reads_late)
        submission.followed = await self.follow(submission)
        if submission.plan.looks_back and submission.followed.final:
            await self._look_back(submission)

    async def _look_back(self, submission):
        """By id, a read is never behind what a socket has shown."""
        try:
            answer = await request(self.port, "GET", f"/api/orders/{submission.id}", timeout=PATIENCE)
        except Lost:
            return
        if answer.status == 200 and answer.json().get("status") not in FINAL:
            submission.problems.append(f"GET says {answer.json().get('status')} after the socket has shown the end")
        elif answer.status == 404:
            submission.problems.append("GET says 404 after the socket has shown the end")

    # Placing

    async def place(self, plan):
        for attempt in range(1, 200):
            submission = Submission(f"u{plan.index}-{attempt}", f"key-{plan.index}" if plan.keyed else None, plan)
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

    async def _post(self, submission):
        body = {**submission.plan.order, "userId": submission.user}
        headers = {"Idempotency-Key": submission.key} if submission.key else {}
        try:
            answer = await request(self.port, "POST", "/api/orders/execute", body, headers, timeout=PATIENCE)
        except Lost:
            submission.answers.append(("lost", "", None))
            return None
        order = answer.json().get("orderId")
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

    async def _until_answered(self, submission):
        """A client with a key asks until it is told."""
        while not self.closing:
            answer = await self._post(submission)
            if answer is not None and answer.status not in (429, 502, 503):
                return
            await asyncio.sleep(random.uniform(0.2, 1.0))

    async def _once(self, submission):
        """A client without a key asks once: a lost answer leaves it in doubt, unless a 503 has named the order."""
        answer = await self._post(submission)
        if answer is None or answer.status == 202 or answer.code == "OUTCOME_UNKNOWN":
            return
        if not submission.doubtful:
            submission.outcome = "refused"
            return
        order = next(iter(submission.doubtful))
        await asyncio.sleep(2)  # the engine takes nothing in that late
        while not self.closing:
            try:
                found = await request(self.port, "GET", f"/api/orders/{order}", timeout=PATIENCE)
            except Lost:
                found = None
            if found is not None and found.status in (200, 404):
                submission.outcome = "accepted" if found.status == 200 else "absent"
                submission.ids |= {order} if found.status == 200 else set()
                return
            await asyncio.sleep(random.uniform(0.2, 1.0))

    async def _repeat(self, submission):
        await asyncio.sleep(random.uniform(0.5, 3))
        answer = await self._post(submission)
        if answer is not None and answer.status == 202 and answer.headers.get("idempotent-replayed") != "true":
            submission.problems.append("a repeated POST was not answered as a replay")

    async def _cancel(self, submission):
        await asyncio.sleep(submission.plan.cancel_after)
        for _ in range(3):
            try:
                answer = await request(self.port, "DELETE", f"/api/orders/{submission.id}", timeout=PATIENCE)
            except Lost:
                submission.cancel.append(("lost", "", ""))
            else:
                submission.cancel.append((answer.status, answer.code, answer.json().get("status", "")))
                if answer.status not in (502, 503):
                    return
            await asyncio.sleep(random.uniform(0.2, 0.6))
