"""/metrics of every process: promtool finds nothing, everything promised is there, and no series is made for an order or a user."""

import re

from client.orders import follow

from .local import until
from .rules import promtool

EVERYWHERE = (
    "http_requests_total http_request_duration_seconds orders_finished_total redis_round_trip_seconds redis_reconnects_total "
    "event_loop_delay_seconds process_resident_memory_bytes process_cpu_seconds_total process_open_fds order_engine_build_info").split()
PROMISED = {
    "gateway": "orders_received_total redis_stream_length redis_stream_group_lag redis_stream_group_lag_known redis_stream_group_messages_pending "
    "redis_stream_group_consumers redis_stream_group_consumers_alive redis_stream_group_oldest_waiting_seconds "
    "redis_stream_group_oldest_pending_seconds redis_stream_group_delivery_rate redis_stream_group_drain_seconds order_retries_waiting "
    "order_retries_due dead_letters_waiting intake_paused postgres_available",
    "router": "quotes_total quotes_won_total quote_duration_seconds order_stage_wait_seconds order_stage_duration_seconds orders_in_hand",
    "executor": "order_attempts_total realised_slippage_bps order_duration_seconds order_stage_wait_seconds order_stage_duration_seconds "
    "orders_in_hand",
    "notifier": "socket_messages_total sockets_open slow_clients_closed_total postgres_batch_events postgres_batch_duration_seconds "
    "postgres_available",
}
ONLY_GATEWAYS = ("redis_stream_", "order_retries_", "dead_letters_waiting", "intake_paused")
ORDER = {"tokenIn": "SOL", "tokenOut": "USDC", "amount": 1.5, "slippage": 0.05}


def families(text):
    """The kind of each family of a scrape that has samples."""
    kinds = dict(line.split()[2:4] for line in text.splitlines() if line.startswith("# TYPE "))
    sampled = {re.match(r"[a-zA-Z0-9_:]+", line)[0] for line in text.splitlines() if line and not line.startswith("#")}
    return {name: kind for name, kind in kinds.items() if name in sampled or f"{name}_count" in sampled}


def series(stack):
    """Every series of every process, without its value."""
    return {
        (process, line.rpartition(" ")[0]) for process, base in stack.processes().items() for line in stack.get("/metrics", base).splitlines()
        if not line.startswith("#")}


def check(stack):
    assert list(follow(stack.base, stack.post(ORDER)))[-1]["type"] in ("confirmed", "failed")
    for process, base in stack.processes().items():
        text = stack.get("/metrics", base)
        said = promtool("check", "metrics", text=text)
        assert not said.strip(), f"{process}: {said}"
        service, found = process.split("-")[0], families(text)
        # only one of two gateways may have answered for an order
        wanted = [name for name in EVERYWHERE + PROMISED[service].split() if name != "orders_received_total" or process != "gateway-2"]
        missing = [name for name in wanted if name not in found]
        assert not missing, f"{process} lacks {', '.join(missing)}"
        alien = [name for name in found if service != "gateway" and name.startswith(ONLY_GATEWAYS)]
        assert not alien, f"{process} has {', '.join(alien)}, which only a gateway shows"
    stack.ended(stack.post(ORDER | {"userId": "one"}) for _ in range(8))
    before = series(stack)
    stack.ended(stack.post(ORDER | {"userId": f"user-{number}"}, **{"Idempotency-Key": f"key-{number}"}) for number in range(8))
    text = "".join(name for _, name in series(stack))
    assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-|user-\d|key-\d", text), "a label holds an order, a user or a key"
    # what chance brings up for the first time: a kind of failure, a code, how a venue did not answer
    grown = [name for _, name in series(stack) - before if not re.match(r"order_(attempts|steps|duration)|quotes_total|socket|http_", name)]
    assert not grown, f"orders and users make new series: {grown[:3]}"
    up = 'up{job=~"gateway|router|executor|notifier"} == 1'
    until(lambda: len(stack.query(up)) == len(stack.processes()), "Prometheus did not reach every process")
    return f"{len(before)} series"
