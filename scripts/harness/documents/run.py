"""Runs the clients of the five documents against the whole system, through its edge, with the executables of STACK_BIN (.build/debug).

Each client is one that a user would write with the package websockets. It posts its document's order, connects where its document says, and reads
until the server closes. Each message must be what the document makes of the order's events, and must be as docs/asyncapi.yaml describes it. In one
run all goes well, in one the first transactions fail, in one all fail, in one the engine has API keys. Clients come at once or when all is over."""

import asyncio
import json
import statistics
from collections.abc import Awaitable, Callable
from decimal import Decimal

from jsonschema import Draft202012Validator

from harness.checks import run
from harness.contracts.documents import Documents, checked
from harness.conversation import conversation
from harness.http_client import Json, request
from harness.keys import Keys
from harness.orders import FINAL
from harness.private import private_stack, scratch

from .messages import DOCUMENTS, Document

CHANNELS = {"000": "backfill", "001": "progress", "002": "updates", "003": "updates", "004": "snakeCase"}  # of docs/asyncapi.yaml
PLAIN = ("/api/orders/execute", "/api/orders/status", "/ws/orders/0198c1f2-0000-7000-8000-000000000000", "/v1/stream")


class Edge:
    """The running system, as its clients reach it."""

    def __init__(self, port: int, key: dict[str, str] | None = None) -> None:
        self.key = key or {}
        self.http, self.ws = f"http://localhost:{port}", f"ws://localhost:{port}"
        written = Documents()
        self.sent_to = {number: written.sent_on(channel) for number, channel in CHANNELS.items()}

    async def request(self, path: str, body: Json | None = None) -> tuple[int, Json]:
        """The status and the body of an answer. Numbers are read exactly."""
        answer = await request(self.http + path, "POST" if body else "GET", body, self.key, timeout=20)
        return answer.status, json.loads(answer.text, parse_float=Decimal)

    async def listen(self, url: str, opening: str | None, validator: Draft202012Validator) -> list[Json]:
        """All messages of a socket until the server closes it with 1000. Raises on any other end, and on a message that is not as described."""
        # Who uses the URL of the answer need not send the key again.
        heard = await conversation(url, opening, headers={} if "token=" in url else self.key)
        for message in heard:
            checked(validator, message, url)
        return [json.loads(message, parse_float=Decimal) for message in heard]

    async def life(self, document: Document) -> tuple[list[Json], list[Json], list[Json]]:
        """Runs one client of a document. Returns its messages while the order ran, those of a later connection, and the order's events."""
        status, answer = await self.request("/api/orders/execute", document.order)
        assert status == 202 and answer["status"] == "pending", f"{document.number}: {status} {answer}"
        order_id = answer[document.id_key]
        url, opening = document.url(self.ws, answer), document.opening(order_id)
        validator = self.sent_to[document.number]
        told = await self.listen(url, opening, validator)
        late = await self.listen(url, opening, validator)
        _, history = await self.request(f"/api/orders/{order_id}/events")
        events = history["events"]
        assert [event["seq"] for event in events] == list(range(1, len(events) + 1)) and events[-1]["status"] in FINAL, history
        for messages, when in ((told, "live"), (late, "late")):
            expected = document.told(events, messages[0], order_id)
            assert messages == expected, f"{document.number}, {when}:\n  told     {messages}\n  expected {expected}"
        return told, late, events


async def all_goes_well(edge: Edge) -> None:
    for document, (told, late, _) in zip(DOCUMENTS, await asyncio.gather(*map(edge.life, DOCUMENTS)), strict=True):
        # A client of document 000 that comes a moment later has the first statuses in the backfill.
        said = [document.label(message) for message in told]
        wanted = document.smooth[-len(said):] if document.number == "000" else document.smooth
        assert said == wanted and len(said) > 1, f"{document.number}: {said}"
        # The late messages of 000 are only its backfill. The greetings of 001 have a time of their own.
        assert document.number == "000" and len(late) == 1 or late[2:] == told[2:], f"{document.number}, late: {late}"
    median = statistics.median([(await request(f"{edge.http}/api/orders/execute", "POST", DOCUMENTS[0].order)).seconds for _ in range(20)])
    assert median < 0.1, f"the median of a POST was {median * 1000:.0f} ms; documents 003 and 004 promise less than 100"
    for path in PLAIN:
        status, answer = await edge.request(path)
        assert (status, answer["code"]) == (426, "UPGRADE_REQUIRED"), f"{path}: {status} {answer}"


async def every_attempt_fails(edge: Edge) -> None:
    for document, (told, _, events) in zip(DOCUMENTS, await asyncio.gather(*map(edge.life, DOCUMENTS)), strict=True):
        kinds = [event["type"] for event in events]
        assert kinds.count("submitted") == 3 and kinds.count("retry-pending") == 2 and kinds[-1] == "failed", kinds
        statuses = [message.get("status", message.get("type")) for message in told]
        assert statuses.count("submitted") >= 3 and statuses[-1] == "failed", f"{document.number}: {statuses}"


async def a_later_attempt_lands(edge: Edge) -> None:
    for document in DOCUMENTS:
        retried = 0
        for _ in range(10):
            lives = await asyncio.gather(*(edge.life(document) for _ in range(8)))
            for told, _, events in lives:
                kinds = [event["type"] for event in events]
                if "retry-pending" in kinds and kinds[-1] == "confirmed":
                    retried += 1
                    labels = [document.label(message) for message in told]
                    assert labels.count("submitted") >= kinds.count("submitted") > 1 and labels[-1] == "confirmed", f"{document.number}: {labels}"
            if retried:
                break
        assert retried, f"{document.number}: no order of 80 was confirmed after a retry"


async def with_a_key(edge: Edge) -> None:
    await asyncio.gather(*map(edge.life, DOCUMENTS))


def _live(scenario: Callable[[Edge], Awaitable[None]], failure_rate: float, keys: Keys | None = None) -> None:
    settings = {"API_KEYS_FILE": str(keys.path)} if keys else {}
    with private_stack(MOCK_FAILURE_RATE=str(failure_rate), MOCK_SWAP_LATENCY_MS="200", RETRY_BASE_MS="200", **settings) as stack:
        asyncio.run(asyncio.wait_for(scenario(Edge(stack.port, keys and keys.header("alice"))), 120))


def _with_keys() -> None:
    with scratch() as folder:
        names: dict[str, tuple[list[str], str | None]] = {"alice": (["trade", "read"], DOCUMENTS[2].order["userId"])}
        _live(with_a_key, 0, Keys(folder, names))


def main(_arguments: list[str]) -> int:
    scenarios = ((all_goes_well, 0), (a_later_attempt_lands, 0.5), (every_attempt_fails, 1))
    return run([*((one[0].__name__, lambda one=one: _live(*one)) for one in scenarios), (with_a_key.__name__, _with_keys)])
