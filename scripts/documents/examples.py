"""Each document as its reader uses it: the order it shows, where it connects, and what it is told."""

from dataclasses import dataclass
from typing import Callable

from . import messages

SOL, USDC = "So11111111111111111111111111111111111111112", "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v"


@dataclass(frozen=True)
class Document:
    number: str
    order: dict  # the body of its POST
    id_key: str  # where the answer has the order's id
    url: Callable  # (origin, answer) -> where it connects
    opening: Callable  # id -> what the client says first, or None
    told: Callable  # (canonical events, first message, id) -> all messages of one connection
    smooth: list  # what its text says comes when all goes well: the status of each message, or its type where that is finer

    def label(self, message):
        return message["type"] if self.number == "001" else message["status"]


def nothing(_):
    return None


DOCUMENTS = (
    Document(
        "000", {"tokenIn": "SOL", "tokenOut": "USDC", "amount": 1.5}, "orderId",
        lambda origin, answer: f"{origin}/api/orders/execute?orderId={answer['orderId']}", nothing, messages.backfill,
        ["pending", "routing", "building", "submitted", "confirmed"]),
    Document(
        "001", {"tokenIn": "SOL", "tokenOut": "USDC", "amount": 10, "slippage": 0.5}, "orderId",
        lambda _, answer: answer["wsUrl"], nothing, messages.progress,
        ["connection", "subscribed", "pending", "routing", "routing", "building", "building", "submitted", "confirmed"]),
    Document(
        "002", {"inputToken": "SOL", "outputToken": "USDC", "amount": 10, "userId": "user123"}, "orderId",
        lambda origin, answer: f"{origin}/ws/orders/{answer['orderId']}", nothing, messages.status_update,
        ["pending", "routing", "routing", "building", "submitted", "confirmed"]),
    Document(
        "003", {"tokenIn": SOL, "tokenOut": USDC, "amountIn": 10, "slippage": 0.01}, "orderId",
        lambda _, answer: answer["websocketUrl"], nothing, messages.status_update,
        ["pending", "routing", "routing", "building", "submitted", "confirmed"]),
    Document(
        "004", {"token_in": "SOL", "token_out": "USDC", "amount": 12.5, "order_type": "market", "max_slippage": 0.05}, "order_id",
        lambda origin, _: f"{origin}/api/orders/status", lambda order_id: f"{order_id}\n", messages.snake_case,
        ["pending", "routing", "building", "submitted", "confirmed"]),
)
