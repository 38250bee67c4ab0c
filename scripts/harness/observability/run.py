"""Checks what an operator relies on: metrics, alerts, dashboard, lag, logs, and the manifests for Kubernetes.

Runs a stack of its own with Prometheus beside it, from the executables of STACK_BIN (.build/debug), with promtool (`scripts/install
--observability`)."""

from concurrent.futures import ThreadPoolExecutor

from harness.checks import passes
from harness.private import private_stack

from . import composition, kubernetes, managed_redis, prometheus, telemetry

# The lines of single orders are logged at debug.
SETTINGS = {
    "LOG_LEVEL": "debug", "MOCK_FAILURE_RATE": "0.3", "MOCK_SWAP_LATENCY_MS": "50-100", "MOCK_QUOTE_LATENCY_MS": "20", "RETRY_BASE_MS": "50",
    "OBSERVABILITY": "1",
    "GATEWAYS": "2", "ROUTERS": "1", "EXECUTORS": "1", "NOTIFIERS": "1"}


def main(_arguments: list[str]) -> int:
    with ThreadPoolExecutor() as pool, private_stack(**SETTINGS) as stack:
        assert "prometheus-1" in stack.pids()
        # Checks that need no stack run beside it.
        apart = (
            ("rules", prometheus.rules), ("kubernetes", kubernetes.check), ("managed redis", managed_redis.check), ("compose", composition.check))
        files = [pool.submit(passes, *one) for one in apart]
        checks = (("traces and logs", telemetry.logs), ("metrics", telemetry.metrics), ("lag", telemetry.lag), ("dashboard", prometheus.dashboard))
        good = [passes(name, lambda check=check: check(stack)) for name, check in checks] + [file.result() for file in files]
    return 0 if all(good) else 1
