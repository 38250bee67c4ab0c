"""The messages of each document, made from canonical events, independently of the notifier."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from harness.http_client import Json

VENUES = {"raydium": "Raydium", "meteora": "Meteora"}


def backfill(events: list[Json], first: Json, order_id: str) -> list[Json]:
    """Document 000. Only the first message tells how far the order was when the client came."""
    seen = len(first.get("logs", ()))
    out = [{
        "type": "backfill", "status": events[seen - 1]["status"],
        "logs": [{key: event[key] for key in ("timestamp", "status", "message")} for event in events[:seen]],
        **_details(events, seen - 1)}]
    for index in _changes(events, ("submitted",)):
        if index >= seen:
            event = events[index]
            out.append({
                "type": "status_update", "orderId": order_id, "status": event["status"], "timestamp": event["timestamp"],
                **_details(events, index)})
    return out


def _details(events: list[Json], index: int) -> Json:
    event = events[index]
    if event["status"] == "building":
        quotes = next(past["quotes"] for past in reversed(events[:index + 1]) if "quotes" in past)
        prices = {f"{quote['dex']}Quote": quote["price"] for quote in reversed(quotes)}
        return {**prices, "selectedDex": event["chosenDex"]}
    if event["status"] == "confirmed":
        return {
            "txHash": event["txHash"], "executedPrice": event["executedPrice"], "amountOut": event["amountOutDecimal"],
            "dexUsed": event["chosenDex"]}
    if event["status"] == "failed":
        return {"failureReason": event["error"]["message"], "attempt": event["attempt"], "maxAttempts": event["maxAttempts"]}
    return {}


def progress(events: list[Json], first: Json, order_id: str) -> list[Json]:
    """Document 001. The greeting has a time of its own, which tells when the client came."""
    greeting = {"orderId": order_id, "timestamp": first.get("timestamp")}
    return [
        {**greeting, "type": "connection", "message": "Connected to order status stream"},
        {**greeting, "type": "subscribed", "message": f"Subscribed to real-time updates for order {order_id}"},
        *({**{key: event[key] for key in ("type", "orderId", "timestamp", "message", "progress")}, **_step(event)} for event in events)]


def _step(event: Json) -> Json:
    def pick(*names: str) -> Json:
        return {name: event[name] for name in names}

    match event["type"], event["progress"]:
        case "routing", 30:
            return {"quotesFetched": len(event["quotes"]), "quote": _quote(event)}
        case "building", 50:
            return {**pick("chosenDex"), "quote": _quote(event)}
        case "submitted", _:
            return pick("attempt", "maxAttempts")
        case "confirmed", _:
            return {"txHash": event["txHash"], "dex": event["chosenDex"]}
        case "failed", _:
            return {"error": event["error"]["message"], "final": True, **pick("totalAttempts")}
        case "execution-failed", _:
            return {"error": event["error"]["message"], **pick("transient", "retriesRemaining")}
        case "retry-pending", _:
            return {"delay": event["delayMs"], **pick("nextAttempt")}
    return {}


def _quote(event: Json) -> Json:
    return {key: event["quote"][key] for key in ("dex", "amountOut", "amountOutDecimal")}


def status_update(events: list[Json], _: Json, order_id: str) -> list[Json]:
    """Documents 002 and 003."""
    out = []
    for event in events:
        text = _sentence(event)
        if text is None:
            continue
        message = {"type": "status_update", "orderId": order_id, "status": event["status"], "timestamp": event["timestamp"], "message": text}
        if "chosenDex" in event:
            message["chosenDex"] = VENUES[event["chosenDex"]]
        if "txHash" in event:
            message["txHash"] = event["txHash"]
        if event["type"] == "confirmed":
            message |= {
                "executionPrice": Decimal(event["executedPrice"]), "executedPrice": event["executedPrice"],
                "amountOut": event["amountOutDecimal"]}
        out.append(message)
    return out


def _sentence(event: Json) -> str | None:
    match event["type"], event["progress"]:
        case "routing", 10:
            return "Fetching quotes from Raydium & Meteora..."
        case "routing", 30:
            return f"Best route: {VENUES[event['chosenDex']]}"
        case "building", 50:
            return "Building transaction..."
        case "building", 70:
            return None
        case "submitted", _:
            return "Transaction submitted to network..."
        case "confirmed", _:
            return "Swap executed successfully"
    return event["message"]


def snake_case(events: list[Json], _: Json, order_id: str) -> list[Json]:
    """Document 004."""
    out = []
    shown = ("submitted", "confirmed", "failed")
    for index in _changes(events, shown):
        event = events[index]
        message = {"order_id": order_id, "status": event["status"]}
        if event["status"] in shown and "txHash" in event:
            message["tx_hash"] = event["txHash"]
        if event["status"] == "confirmed":
            message["execution_price"] = Decimal(event["executedPrice"])
        if event["status"] == "failed":
            message["reason"] = event["error"]["message"]
        out.append(message)
    return out


def _changes(events: list[Json], shown: tuple[str, ...]) -> Iterator[int]:
    """The indexes where the status, or the transaction shown with it, differs from the one before."""
    last = None
    for index, event in enumerate(events):
        now = event["status"], event.get("txHash") if event["status"] in shown else None
        if now != last:
            yield index
        last = now


SOL, USDC = "So11111111111111111111111111111111111111112", "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v"


@dataclass(frozen=True)
class Document:
    number: str
    order: Json  # the body of its POST
    id_key: str  # the key of the answer that has the order's id
    url: Callable[[str, Json], str]  # (origin, answer) -> the URL to connect to
    opening: Callable[[str], str | None]  # id -> the client's first message, or None
    told: Callable[[list[Json], Json, str], list[Json]]  # (canonical events, first message, id) -> all messages of one connection
    smooth: list[str]  # what the document says comes if all goes well: the status of each message, or its type if that is finer

    def label(self, message: Json) -> str:
        return message["type"] if self.number == "001" else message["status"]


def nothing(_: str) -> None:
    return None


DOCUMENTS = (
    Document(
        "000", {"tokenIn": "SOL", "tokenOut": "USDC", "amount": 1.5}, "orderId",
        lambda origin, answer: f"{origin}/api/orders/execute?orderId={answer['orderId']}", nothing, backfill,
        ["pending", "routing", "building", "submitted", "confirmed"]),
    Document(
        "001", {"tokenIn": "SOL", "tokenOut": "USDC", "amount": 10, "slippage": 0.5}, "orderId",
        lambda _, answer: answer["wsUrl"], nothing, progress,
        ["connection", "subscribed", "pending", "routing", "routing", "building", "building", "submitted", "confirmed"]),
    Document(
        "002", {"inputToken": "SOL", "outputToken": "USDC", "amount": 10, "userId": "user123"}, "orderId",
        lambda origin, answer: f"{origin}/ws/orders/{answer['orderId']}", nothing, status_update,
        ["pending", "routing", "routing", "building", "submitted", "confirmed"]),
    Document(
        "003", {"tokenIn": SOL, "tokenOut": USDC, "amountIn": 10, "slippage": 0.01}, "orderId",
        lambda _, answer: answer["websocketUrl"], nothing, status_update,
        ["pending", "routing", "routing", "building", "submitted", "confirmed"]),
    Document(
        "004", {"token_in": "SOL", "token_out": "USDC", "amount": 12.5, "order_type": "market", "max_slippage": 0.05}, "order_id",
        lambda origin, _: f"{origin}/api/orders/status", lambda order_id: f"{order_id}\n", snake_case,
        ["pending", "routing", "building", "submitted", "confirmed"]),
)
