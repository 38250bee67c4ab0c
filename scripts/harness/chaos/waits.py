"""Orders that wait for a price: how clients place them, and what must hold of them. Prices are whole numbers here, in units of 10^-18, and what an
order may bring at least is worked out independently of the engine."""

import random
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING

from harness.http_client import Json, Lost, request

from . import history

if TYPE_CHECKING:
    from .audit import Audit

UNITS = 10**18
MOVING = 500  # times the usual amount: an order that moves the price on its way
SHARE = 0.5  # of the orders, where the fault is wanted
PROBE = {"SOL": "0.01", "USDC": "1"}  # small amounts, whose quote is about the price
DECIMALS = {"SOL": 9, "USDC": 6, "USDT": 6}


@dataclass(frozen=True)
class Wait:
    """What a client asks for besides the swap. It is drawn from the seed; the prices follow from the market when it is placed."""

    kind: str  # limit, stop, stopLimit, takeProfit, trailingStop, sniper, oco, then
    basis: float  # how far the price is from that of the moment, in basis points; what waits below goes the other way
    time_in_force: str
    expires: int  # seconds

    @staticmethod
    def draw(index: int, seed: int) -> "Wait | None":
        chance = random.Random(f"{seed}/{index}/waits")
        if chance.random() >= SHARE:
            return None
        kind = chance.choice(("limit", "limit", "limit", "stop", "stopLimit", "takeProfit", "trailingStop", "sniper", "oco", "oco", "oco", "then"))
        return Wait(
            kind=kind, basis=chance.choice((-20, 0, 3, 8, 15, 30)), time_in_force=chance.choice(("gtc", "gtc", "gtc", "gtd", "ioc", "fok")),
            expires=chance.randint(4, 15))

    def bodies(self, order: Json, price: Fraction) -> list[Json]:
        """The members that the orders have: one, or the two of a pair. `price` is that of SOL."""
        sells = order["tokenIn"] == "SOL"
        far, stop = ((1, -1) if sells else (-1, 1))

        def at(side: int, basis: float) -> str:
            return f"{float(price * (1 + side * Fraction(basis) / 10_000)):.6f}"

        common = {"expiresAt": self.expires, "allowImmediate": True}
        profit = {"orderType": "takeProfit", "triggerPrice": at(far, self.basis)} | common
        guard = {"orderType": "stop", "triggerPrice": at(stop, abs(self.basis) + 5)} | common
        match self.kind:
            case "limit":
                limit = {"orderType": "limit", "limitPrice": at(far, self.basis), "timeInForce": self.time_in_force, "allowImmediate": True}
                if self.time_in_force == "ioc":  # of which a router that splits fills a part
                    limit["amount"] = f"{Decimal(order['amount']) * MOVING:f}"
                return [limit if self.time_in_force in ("ioc", "fok") else limit | common]
            case "stop":
                return [guard]
            case "stopLimit":
                return [guard | {"orderType": "stopLimit", "limitPrice": at(stop, abs(self.basis) + 20)}]
            case "takeProfit":
                return [profit]
            case "trailingStop":
                return [{"orderType": "trailingStop", "trailingBps": 10} | common]
            case "sniper":
                return [{"orderType": "sniper"} | common]
            case "oco":
                return [{"orderType": "takeProfit", "triggerPrice": at(far, abs(self.basis) + 5)} | common, guard]
            case _:
                # What follows goes the other way, so it waits on the other sides.
                after = [{"orderType": "takeProfit", "triggerPrice": at(stop, 10)}, {"orderType": "stop", "triggerPrice": at(far, 10)}]
                return [profit | {"then": [body | {"expiresAt": self.expires + 10} for body in after]}]


async def price_of(base: str, order: Json, headers: dict[str, str]) -> Fraction | None:
    """The price of SOL for a small order of this direction; None while nobody knows it."""
    token_in, token_out = order["tokenIn"], order["tokenOut"]
    try:
        answer = await request(
            f"{base}/api/quotes?tokenIn={token_in}&tokenOut={token_out}&amount={PROBE[token_in]}", headers=headers, timeout=5)
    except Lost:
        return None
    if answer.status != 200:
        return None
    got, paid = Fraction(answer.json()["amountOutDecimal"]), Fraction(PROBE[token_in])
    return got / paid if token_in == "SOL" else paid / got


class WaitAudit:
    """Checks the orders that waited: each fired only when its price was reached, no pair filled both, nothing filled below its limit."""

    def __init__(self, audit: "Audit") -> None:
        self.audit, self.records = audit, audit.records
        self.fired = self.rested = self.pairs = self.followed = 0

    def run(self) -> None:
        for order in sorted({*self.records.rows} - self.audit.losses.lost):
            details = self.records.details(order)
            if "terms" in details:
                self._triggers(order, details)
                self._floor(order, details)
                self._pair(order, details)
                self._then(order, details)

    def _triggers(self, order: str, details: Json) -> None:
        terms, waits_for = details["terms"], None
        for event in self.audit.events(order):
            if event["type"] == "open":
                self.rested += event["seq"] > 1
            if event["type"] in ("open", "amended"):
                waits_for = event.get("waitsFor")
            if event["type"] != "triggered":
                continue
            self.fired += 1
            if waits_for is None or details["orderType"] == "trailingStop":
                continue
            mark, wanted = Fraction(event["markPrice"]), Fraction(waits_for)
            if not (mark >= wanted if self._is_above(details, event) else mark <= wanted):
                self.audit.bad(f"fired at {event['markPrice']}, and it waited for {waits_for}", order)
            if terms.get("expiresAt") and event["timestamp"] > history.stamp(terms["expiresAt"]):
                self.audit.bad("fired after its end", order)

    def _is_above(self, details: Json, event: Json) -> bool:
        sells = details["terms"]["priced"] == "tokenIn"
        # After its first time a stop with a limit waits like a limit.
        earlier = self.audit.events(details["orderId"])[:event["seq"] - 1]
        rested = any(before["type"] == "open" and before["seq"] > 1 for before in earlier)
        return sells == (details["orderType"] in ("limit", "takeProfit") or rested)

    def _floor(self, order: str, details: Json) -> None:
        """Nothing fills below its limit: by what the chain has recorded, whatever the events say."""
        terms = details["terms"]
        if "limitPrice" not in terms:
            return
        limit = Fraction(terms["limitPrice"])
        inside, outside = (10 ** details[name]["decimals"] for name in ("tokenIn", "tokenOut"))
        for found in self.audit.landed.get(order, {}).values():
            for fields in found:
                paid = Fraction(int(fields["amountIn"]), inside)
                least = ceil((paid * limit if terms["priced"] == "tokenIn" else paid / limit) * outside)
                if int(fields["amountOut"]) < least:
                    self.audit.bad(f"brought {fields['amountOut']} at the limit {terms['limitPrice']}, which is {least}", order)

    def _pair(self, order: str, details: Json) -> None:
        other = details.get("oco")
        if other is None:
            return
        if other not in self.audit.losses.lost and self.records.details(other).get("oco") != order:
            self.audit.bad(f"its pair is {other}, which is not there or names another", order)
        if order > other:
            return
        self.pairs += 1
        filled = [one for one in (order, other) if self.audit.landed.get(one)]
        if len(filled) > 1:
            self.audit.bad(f"both orders of a pair were filled, this one and {other}", order)
        ends = {one: (self.audit.folds[one].end or {}).get("status") for one in (order, other) if one in self.audit.folds}
        if list(ends.values()).count("confirmed") > 1:
            self.audit.bad(f"both orders of a pair are confirmed, this one and {other}", order)

    def _then(self, order: str, details: Json) -> None:
        status = (self.audit.folds[order].end or {}).get("status")
        for after in details.get("then", []):
            is_there = after["orderId"] in self.records.rows
            if is_there != (status == "confirmed") and after["orderId"] not in self.audit.losses.lost:
                self.audit.bad(f"{status}, and the order that follows it is {'there' if is_there else 'missing'}", order)
            self.followed += is_there
