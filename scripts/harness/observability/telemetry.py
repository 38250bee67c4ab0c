"""Checks /metrics, log lines and traces of every process, and the backlog as each witness shows it."""

import json
import re
from collections.abc import Iterator

from harness.http_client import Json
from harness.orders import ORDER, follow, place
from harness.private import PrivateStack, until
from harness.runner.settings import SERVICES

from .prometheus import promtool

EVERYWHERE = [
    "http_requests_total", "http_request_duration_seconds", "orders_finished_total", "redis_round_trip_seconds", "redis_reconnects_total",
    "event_loop_delay_seconds", "process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds", "order_engine_build_info"]
PROMISED = {
    "gateway": "orders_received_total redis_stream_length redis_stream_group_lag redis_stream_group_lag_known redis_stream_group_messages_pending "
    "redis_stream_group_consumers redis_stream_group_consumers_alive redis_stream_group_oldest_waiting_seconds "
    "redis_stream_group_oldest_pending_seconds redis_stream_group_delivery_rate redis_stream_group_drain_seconds order_retries_waiting "
    "order_retries_due dead_letters_waiting intake_paused postgres_available",
    "router": "quotes_total quotes_won_total quote_duration_seconds order_stage_wait_seconds order_stage_duration_seconds orders_in_hand "
    "partitions_served orders_waiting orders_triggered_total mark_age_seconds marks_stale_total trigger_delay_seconds",
    "executor": "order_attempts_total realised_slippage_bps order_duration_seconds order_stage_wait_seconds order_stage_duration_seconds "
    "orders_in_hand orders_under_way partitions_served",
    "notifier": "socket_messages_total sockets_open slow_clients_closed_total postgres_batch_events postgres_batch_duration_seconds "
    "postgres_available partitions_served",
}
ONLY_GATEWAYS = ("redis_stream_", "order_retries_", "dead_letters_waiting", "intake_paused")


def lacking(stack: PrivateStack, base: str, wanted: list[str]) -> list[str]:
    """The families of these that a process does not show."""
    found = families(stack.text("/metrics", base))
    return [name for name in wanted if name not in found]


def families(text: str) -> dict[str, str]:
    """The kind of each family that has samples in a scrape."""
    kinds = dict(line.split()[2:4] for line in text.splitlines() if line.startswith("# TYPE "))
    sampled = {re.match(r"[a-zA-Z0-9_:]+", line)[0] for line in text.splitlines() if line and not line.startswith("#")}
    return {name: kind for name, kind in kinds.items() if name in sampled or f"{name}_count" in sampled}


def series(stack: PrivateStack) -> set[tuple[str, str]]:
    """Every series of every process, without its value."""
    return {
        (process, line.rpartition(" ")[0]) for process, base in stack.addresses().items() for line in stack.text("/metrics", base).splitlines()
        if not line.startswith("#")}


def metrics(stack: PrivateStack) -> str:
    assert follow(stack.base, place(stack.base, ORDER))[-1]["type"] in ("confirmed", "failed")
    for process, base in stack.addresses().items():
        text = stack.text("/metrics", base)
        said = promtool("check", "metrics", text=text)
        assert not said.strip(), f"{process}: {said}"
        service, found = process.split("-")[0], families(text)
        # Only one of the two gateways may have answered for an order.
        wanted = [name for name in EVERYWHERE + PROMISED[service].split() if name != "orders_received_total" or process != "gateway-2"]
        # A gateway shows the streams once it has looked at them.
        until(
            lambda base=base, wanted=wanted: not lacking(stack, base, wanted),
            lambda base=base, wanted=wanted, process=process: f"{process} lacks {', '.join(lacking(stack, base, wanted))}")
        alien = [name for name in found if service != "gateway" and name.startswith(ONLY_GATEWAYS)]
        assert not alien, f"{process} has {', '.join(alien)}, which only a gateway shows"
    stack.ended(place(stack.base, ORDER | {"userId": "one"}) for _ in range(8))
    before = series(stack)
    stack.ended(place(stack.base, ORDER | {"userId": f"user-{number}"}, {"Idempotency-Key": f"key-{number}"}) for number in range(8))
    text = "".join(name for _, name in series(stack))
    assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-|user-\d|key-\d", text), "a label holds an order, a user or a key"
    # Series that chance may create for the first time: a kind of failure, a code, the way a venue did not answer.
    grown = [name for _, name in series(stack) - before if not re.match(r"order_(attempts|steps|duration)|quotes_total|socket|http_", name)]
    assert not grown, f"orders and users make new series: {grown[:3]}"
    up = 'up{job=~"gateway|router|executor|notifier"} == 1'
    until(lambda: len(stack.query(up)) == len(stack.addresses()), "Prometheus did not reach every process")
    return f"{len(before)} series"


BACKLOG = 60
LABELS = '{db="db0",stream="orders:{0}:accepted",group="router"}'


def by_api(stack: PrivateStack, field: str) -> float | None:
    streams = {stream["stream"]: stream for stream in stack.get("/api/streams")["streams"]}
    return streams["accepted"]["groups"][0][field]


def by_metrics(stack: PrivateStack, name: str) -> set[float]:
    """The value of each gateway."""
    pattern = re.compile(f"^redis_stream_group_{name}{re.escape(LABELS)} (.+)$", re.MULTILINE)
    gateways = [base for process, base in stack.addresses().items() if process.startswith("gateway")]
    return {float(pattern.search(stack.text("/metrics", base))[1]) for base in gateways}


def by_prometheus(stack: PrivateStack, name: str) -> float | None:
    found = stack.query(f'max(redis_stream_group_{name}{{stream="orders:{{0}}:accepted"}})')
    return float(found[0]["value"][1]) if found else None


def agree(stack: PrivateStack, backlog: int) -> bool:
    return by_api(stack, "lag") == backlog and by_metrics(stack, "lag") == {float(backlog)} and by_prometheus(stack, "lag") == float(backlog)


def lag(stack: PrivateStack) -> str:
    """With all routers stopped, /api/streams, every gateway's metrics and Prometheus agree on the backlog and its age; after a start, that there is
    none."""
    stack.stop("router-1")
    orders = stack.place(BACKLOG)
    until(lambda: agree(stack, BACKLOG), f"not all showed a backlog of {BACKLOG}")
    assert by_api(stack, "consumers") == 0 and by_metrics(stack, "consumers_alive") == {0.0}

    def ages() -> list[float]:
        return [by_api(stack, "oldestWaitingMs") / 1000, *by_metrics(stack, "oldest_waiting_seconds")]

    until(lambda: min(ages()) > 0.5, "the oldest order did not age")
    found = ages()
    assert max(found) - min(found) < 2.5, f"the age of the oldest order: {found}"
    assert by_api(stack, "drainSeconds") is None
    stack.start("router-1")
    stack.ended(orders)
    until(lambda: agree(stack, 0), "not all showed that the backlog is gone")
    assert by_api(stack, "drainSeconds") == 0 and by_api(stack, "consumers") == 1
    return f"{BACKLOG} orders"


ALWAYS = ("time", "level", "service", "instance", "event")
# Numbers without a unit in their name: counts and names.
BARE = {
    "count", "checked", "applied", "attempt", "port", "pid", "suppressed", "lost", "left_out", "taken", "connections", "sockets", "descriptors",
    "descriptors_at_start"}
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"
SECRETS = ("password", "postgresql://")


def lines(stack: PrivateStack) -> Iterator[tuple[str, Json]]:
    """Every log line of every service, as (process, object)."""
    for file in sorted(stack.run.logs.glob("*.log")):
        if file.stem.startswith(SERVICES):
            for line in file.read_text(encoding="utf-8").splitlines():
                yield file.stem, json.loads(line)


def check_line(process: str, line: Json) -> None:
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


def logs(stack: PrivateStack) -> str:
    traced, plain, malformed = (place(stack.base, ORDER, headers) for headers in ({"traceparent": PARENT}, None, {"traceparent": "00-zz-1-01"}))
    stack.ended((traced, plain, malformed))
    for order, expected in ((traced, {PARENT}), (plain, {None}), (malformed, {None})):
        events = stack.get(f"/api/orders/{order}/events")["events"]
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
