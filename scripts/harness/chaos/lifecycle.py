"""The state machine as the audit knows it, written down independently of the engine: which event may follow which, and what a row says then."""

from dataclasses import dataclass, field
from typing import Any

FINAL = ("confirmed", "failed", "cancelled", "expired")
# Ends that need no work entry: a DELETE, the deadline, or a script that gave the order up.
ENDS = {"cancelled", "failed:sweep"}
# What may become of an order that waits for its price. An order whose limit was not met waits again.
WAITING = {"amended", "triggered", "cancelled", "expired"}

# An event by its name in this table -> the events that may come next. A failure after a try comes in two events.
NEXT = {
    "": {"pending", "open"},
    "open": WAITING, "amended": WAITING,
    "triggered": {"routing:10"} | ENDS,
    "pending": {"routing:10"} | ENDS,
    "routing:10": {"routing:30", "execution-failed:routing", "failed:at once", "open"} | ENDS,
    "routing:30": {"building:50"} | ENDS,
    "building:50": {"building:70", "execution-failed:building", "failed:at once", "open"} | ENDS,
    "building:70": {"submitted"},
    "submitted": {"confirmed", "execution-failed:submitted", "open"},
    "execution-failed:routing": {"retry:routing", "failed:at last"},
    "execution-failed:building": {"retry:building", "retry:routing", "failed:at last"},
    "execution-failed:submitted": {"retry:building", "retry:routing", "failed:at last"},
    "retry:routing": {"routing:10"} | ENDS,
    "retry:building": {"building:50"} | ENDS,
    "confirmed": set(), "expired": set(), "cancelled": set(), "failed:sweep": set(), "failed:at once": set(), "failed:at last": set(),
}
# Codes that end an order from outside a step.
SWEPT = ("DEADLINE_EXCEEDED", "POISONED")


def name(event: dict[str, Any], before: str) -> str:
    """The name that this table has for an event that comes after `before`."""
    kind, status = event["type"], event["status"]
    if (kind, status) in (("amended", "open"), ("triggered", "pending")):
        return kind
    if kind in ("routing", "building"):
        return f"{kind}:{event['progress']}" if status == kind else f"{kind} with status {status}"
    if kind == "execution-failed":
        return f"{kind}:{status}"
    if kind == "retry-pending":
        return f"retry:{status}"
    if kind == "failed" and status == kind:
        if before.startswith("execution-failed"):
            return "failed:at last"
        return "failed:sweep" if event.get("error", {}).get("code") in SWEPT else "failed:at once"
    return kind if status == kind else f"{kind} with status {status}"


@dataclass
class Fold:
    """What the events of one order say together."""

    problems: list[str] = field(default_factory=list)
    finished: dict[str, int] = field(default_factory=lambda: {"router": 0, "executor": 0})  # entries that a step of each stage has used up
    end: dict[str, Any] | None = None
    signatures: list[str] = field(default_factory=list)
    submitted_at: list[str] = field(default_factory=list)
    row: dict[str, Any] = field(default_factory=dict)


def fold(order: str, events: list[dict[str, Any]]) -> Fold:
    """Follows an order through its events, in the given order."""
    result, before, attempt = Fold(), "", 1
    for number, event in enumerate(events, 1):
        kind = name(event, before)
        if event["seq"] != number:
            result.problems.append(f"seq {event['seq']} stands where {number} should")
        if event["orderId"] != order:
            result.problems.append(f"event {number} is of order {event['orderId']}")
        if kind not in NEXT.get(before, set()):
            result.problems.append(f"event {number}: {kind} after {before or 'nothing'}")
        if event["attempt"] != attempt:
            result.problems.append(f"event {number}: attempt {event['attempt']} where {attempt} should stand")
        if kind.startswith("retry"):
            attempt = event["nextAttempt"]
            if attempt - event["attempt"] not in (0, 1) or attempt > event["maxAttempts"]:
                result.problems.append(f"event {number}: attempt {attempt} is to follow {event['attempt']} of {event['maxAttempts']}")
        elif kind == "open":  # all attempts are before it again
            attempt = 1
        _use(result, event, kind, before)
        before = kind
    if not events or events[-1]["status"] not in FINAL:
        result.problems.append(f"not final: {before or 'no event'}")
    else:
        result.end = events[-1]
    return result


def _use(result: Fold, event: dict[str, Any], kind: str, before: str) -> None:
    """Records what an event says about entries, signatures and the row."""
    if kind in ("routing:30", "execution-failed:routing") or (kind in ("failed:at once", "open") and before == "routing:10"):
        result.finished["router"] += 1
    elif kind in ("confirmed", "execution-failed:building", "execution-failed:submitted", "failed:at once") or (
        kind == "open" and before in ("building:50", "submitted")
    ):
        result.finished["executor"] += 1
    if kind == "submitted":
        legs = [leg for leg in event.get("legs", []) if leg["status"] == "submitted"]
        result.signatures += [leg["txHash"] for leg in legs] or [event["txHash"]]
        result.submitted_at.append(event["timestamp"])
    row = result.row
    row |= {"seq": event["seq"], "status": event["status"], "at": event["timestamp"]}
    row["attempts"] = max(row.get("attempts", 1), event["attempt"])
    for column, value in (
        ("chosen_dex", event.get("chosenDex")), ("tx_hash", event.get("txHash")), ("last_error", event.get("error", {}).get("message")),
        ("amount_out", event.get("amountOutDecimal")), ("execution_price", event.get("executedPrice")), ("quotes", event.get("quotes")),
    ):
        if value is not None:
            row[column] = value
    if event["type"] != "pending":
        row["logs"] = [*row.get("logs", []), event["message"]]
