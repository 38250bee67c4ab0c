"""What JSON Schema cannot say of an order: for requests that are meant to be right."""

import schemathesis
from schemathesis import GenerationMode

PAIRS = (("tokenIn", "tokenOut"), ("inputToken", "outputToken"), ("token_in", "token_out"))
SOL = ("SOL", "So11111111111111111111111111111111111111112")
TWICE = (
    ("amountIn", "amount"), ("slippage", "slippageBps"), ("max_slippage", "slippageBps"), ("max_slippage", "slippage"), ("user_id", "userId"),
    ("order_type", "orderType"))
DIGITS = {"amount": 5, "amountIn": 5, "slippage": 4, "max_slippage": 4}


@schemathesis.hook
def before_call(context, case, kwargs):
    meta = case.meta
    if meta is None or meta.generation.mode is not GenerationMode.POSITIVE:
        return
    if isinstance(case.body, dict):
        if "Idempotency-Key" in (case.headers or {}):
            case.body.pop("clientOrderId", None)
        _repair(case.body)
    if isinstance(case.query, dict) and "tokenIn" in case.query:
        _repair(case.query)


def _repair(values):
    spellings = [pair for pair in PAIRS if pair[0] in values] or PAIRS[:1]
    tokens = values[spellings[0][0]]
    for pair in PAIRS:
        for name in pair:
            values.pop(name, None)
    values[spellings[0][0]] = tokens
    values[spellings[0][1]] = "USDC" if tokens in SOL else "SOL"
    if "inputToken" in values and not values.get("userId"):
        values["userId"] = values.get("user_id") or "harsh"
    for unwanted, wanted in TWICE:
        if unwanted in values and wanted in values:
            del values[unwanted]
    for name, digits in DIGITS.items():
        if isinstance(values.get(name), float):
            values[name] = max(round(values[name], digits), 10.0**-digits)
    for name in ("deadline", "slippageBps"):
        if isinstance(values.get(name), float):  # to JSON Schema 1.0 is an integer too; here it is written as one
            values[name] = int(values[name])
    if isinstance(values.get("deadline"), str):  # most of the times that a schema allows are no deadline now
        values["deadline"] = 60
