"""With all routers stopped, /api/streams, every gateway's metrics and Prometheus agree on the backlog and its age; started again, on none."""

import json
import os
import re
import signal

from runner.processes import alive

from .local import until
from .metrics import ORDER

BACKLOG = 60
LABELS = '{db="db0",stream="orders:{0}:accepted",group="router"}'


def by_api(stack, field):
    streams = {stream["stream"]: stream for stream in json.loads(stack.get("/api/streams"))["streams"]}
    return streams["accepted"]["groups"][0][field]


def by_metrics(stack, name):
    """What each gateway says."""
    pattern = re.compile(f"^redis_stream_group_{name}{re.escape(LABELS)} (.+)$", re.MULTILINE)
    gateways = [base for process, base in stack.processes().items() if process.startswith("gateway")]
    return {float(pattern.search(stack.get("/metrics", base))[1]) for base in gateways}


def by_prometheus(stack, name):
    found = stack.query(f'max(redis_stream_group_{name}{{stream="orders:{{0}}:accepted"}})')
    return float(found[0]["value"][1]) if found else None


def agree(stack, backlog):
    return by_api(stack, "lag") == backlog and by_metrics(stack, "lag") == {float(backlog)} and by_prometheus(stack, "lag") == float(backlog)


def check(stack):
    pid = stack.run.pid("router-1")
    os.kill(pid, signal.SIGTERM)
    until(lambda: not alive(pid), "the router did not stop")
    orders = [stack.post(ORDER) for _ in range(BACKLOG)]
    until(lambda: agree(stack, BACKLOG), f"not all showed a backlog of {BACKLOG}")
    assert by_api(stack, "consumers") == 0 and by_metrics(stack, "consumers_alive") == {0.0}

    def ages():
        return [by_api(stack, "oldestWaitingMs") / 1000, *by_metrics(stack, "oldest_waiting_seconds")]

    until(lambda: min(ages()) > 0.5, "the oldest order did not age")
    found = ages()
    assert max(found) - min(found) < 2.5, f"the age of the oldest order: {found}"
    assert by_api(stack, "drainSeconds") is None
    stack.call("start", "router-1")
    stack.ended(orders)
    until(lambda: agree(stack, 0), "not all showed that the backlog is gone")
    assert by_api(stack, "drainSeconds") == 0 and by_api(stack, "consumers") == 1
    return f"{BACKLOG} orders"
