"""What JSON Schema cannot say of an order: for requests that are meant to be right."""

import schemathesis
from schemathesis import GenerationMode

PAIRS = (("tokenIn", "tokenOut"), ("inputToken", "outputToken"), ("token_in", "token_out"))
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
    used = [pair for pair in PAIRS if pair[0] in values or pair[1] in values]
    for alias in used[1:]:
        for name in alias:
            values.pop(name, None)
    for token_in, token_out in used[:1]:
        values[token_out] = "USDC" if values.get(token_in) in ("SOL", "So11111111111111111111111111111111111111112") else "SOL"
    for name, digits in DIGITS.items():
        if isinstance(values.get(name), float):
            values[name] = max(round(values[name], digits), 10.0**-digits)
    if isinstance(values.get("deadline"), str):
        values["deadline"] = 60
    for name in ("deadline", "slippageBps"):
        if isinstance(values.get(name), float):  # to JSON Schema 1.0 is an integer too; here it is written as one
            values[name] = int(values[name])
    for unwanted, wanted in (("amountIn", "amount"), ("slippage", "slippageBps"), ("max_slippage", "slippage"), ("user_id", "userId")):
        if unwanted in values and wanted in values:
            del values[unwanted]
