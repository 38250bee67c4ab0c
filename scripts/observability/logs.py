"""Log lines and traces: every line is an object with the fields that all have, numbers say their unit, and an order's trace goes all the way."""

import json
import re

from runner.settings import SERVICES

from .metrics import ORDER

ALWAYS = ("time", "level", "service", "instance", "event")
# numbers without a unit: counts and names
BARE = {
    "count", "checked", "applied", "attempt", "port", "pid", "suppressed", "lost", "left_out", "taken", "connections", "sockets", "descriptors",
    "descriptors_at_start"}
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"
SECRETS = ("password", "postgresql://")


def lines(stack):
    """Every log line of every service, as (process, object)."""
    for file in sorted(stack.run.logs.glob("*.log")):
        if file.stem.startswith(SERVICES):
            for line in file.read_text(encoding="utf-8").splitlines():
                yield file.stem, json.loads(line)


def check_line(process, line):
    for name in ALWAYS:
        assert isinstance(line.get(name), str) and line[name], f"{process}: no {name} in {line}"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"]), line
    assert line["level"] in ("debug", "info", "warning", "error") and line["service"] == process.split("-")[0], line
    assert re.fullmatch(r"[a-z]+(\.[a-z_]+)+", line["event"]), line
    assert not line["event"].startswith("order.") or line.get("orderId") or line["event"] == "order.not_accepted", line
    for name, value in line.items():
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            assert name in BARE or re.search(r"_(ms|s|bytes|bps)$", name), f"{process}: the number {name} has no unit in its name"
    assert not any(secret in json.dumps(line) for secret in SECRETS), f"{process}: a secret in {line['event']}"


def check(stack):
    traced, plain, malformed = stack.post(ORDER, traceparent=PARENT), stack.post(ORDER), stack.post(ORDER, traceparent="00-zz-1-01")
    stack.ended((traced, plain, malformed))
    for order, expected in ((traced, {PARENT}), (plain, {None}), (malformed, {None})):
        events = json.loads(stack.get(f"/api/orders/{order}/events"))["events"]
        assert {event.get("traceparent") for event in events} == expected, f"the events of {order} do not carry {expected}"
    by_order = {}
    count = 0
    for process, line in lines(stack):
        check_line(process, line)
        count += 1
        if "orderId" in line:
            by_order.setdefault(line["orderId"], []).append(line)
    assert {line["service"] for line in by_order[traced]} >= {"gateway", "executor"}, by_order[traced]
    assert {line.get("traceId") for line in by_order[traced]} == {TRACE}
    assert {line.get("traceId") for line in by_order[plain] + by_order[malformed]} == {None}
    return f"{count} lines"
