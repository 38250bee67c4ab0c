"""The rules for orders that JSON Schema cannot express, as OrderRequest in openapi.yaml lists them. For requests that are meant to be valid."""

import json
from decimal import ROUND_DOWN, Decimal

import schemathesis
from schemathesis import GenerationMode

from harness.http_client import Json
from harness.runner.settings import ROOT

LISTED = json.loads((ROOT / "config/tokens.json").read_text())
TOKENS = {name: token for token in LISTED for name in (token["symbol"], token["mint"])}
TOKEN_IN, TOKEN_OUT = ("tokenIn", "inputToken", "token_in"), ("tokenOut", "outputToken", "token_out")


@schemathesis.hook
def before_call(context: object, case: schemathesis.Case, kwargs: Json) -> None:
    meta = case.meta
    if meta is None or meta.generation.mode is not GenerationMode.POSITIVE:
        return
    if isinstance(case.body, dict):
        if "Idempotency-Key" in (case.headers or {}):
            case.body.pop("clientOrderId", None)
        for body in case.body.get("orders", [case.body]):
            if body is not case.body:  # these are the pair's
                body.pop("userId", None)
                body.pop("clientOrderId", None)
            _repair(body)
            _repair_terms(body)
            _repair_following(body)
    if isinstance(case.query, dict):
        _repair(case.query)


def _repair(values: Json) -> None:
    name_in, name_out = (next((name for name in names if name in values), None) for names in (TOKEN_IN, TOKEN_OUT))
    for name in (*TOKEN_IN, *TOKEN_OUT):
        if isinstance(values.get(name), str) and values[name] not in TOKENS:  # in the schema any text may be a token
            values[name] = LISTED[len(values[name]) % len(LISTED)]["symbol"]
    if name_in and name_out:
        token = TOKENS[values[name_in]]
        if TOKENS[values[name_out]] is token:
            values[name_out] = "USDC" if token["symbol"] == "SOL" else "SOL"
        _shorten(values, ("amount", "amountIn"), token["decimals"])
    _shorten(values, ("slippage", "max_slippage"), 4)
    for name in ("deadline", "slippageBps", "expiresAt", "trailingBps"):
        if isinstance(values.get(name), float):  # in JSON Schema 1.0 is an integer too; here it is written as one
            values[name] = int(values[name])
    for name in ("deadline", "expiresAt"):
        if isinstance(values.get(name), str):  # most times that a schema allows are not valid ones now
            values[name] = 60


def _repair_terms(values: Json) -> None:
    """Makes an order that waits for a price one of a pair that has a price."""
    if values.get("orderType") in (None, "market") or "tokenIn" not in values:
        return
    values["tokenIn"], values["tokenOut"] = "SOL", "USDC"
    if "priceToken" in values:
        values["priceToken"] = "SOL"
    _shorten(values, ("amount", "minLiquidity"), 9)
    if values["orderType"] == "limit" and values.get("timeInForce") in ("ioc", "fok"):
        values.pop("expiresAt", None)


def _repair_following(values: Json) -> None:
    """Makes each order that follows a market order of all that comes in."""
    following = values.get("then", [])
    for order in following if isinstance(following, list) else [following]:
        order.clear()
        order["orderType"] = "market"


def _shorten(values: Json, names: tuple[str, ...], digits: int) -> None:
    """Cuts a number or a text to that many digits after the point, and leaves at least one unit."""
    unit = Decimal(1).scaleb(-digits)
    for name in names:
        value = values.get(name)
        if isinstance(value, float | str):
            exact = max(Decimal(str(value)).quantize(unit, ROUND_DOWN), unit)
            values[name] = float(exact) if isinstance(value, float) else f"{exact:f}"
