"""Compares the contracts (docs/openapi.yaml, asyncapi.yaml, postman_collection.json, clients/) with a running stack of its own.

Runs the executables of STACK_BIN (.build/debug)."""

import argparse

from harness.checks import run
from harness.private import private_stack

from . import api, clients, dependencies, sockets
from .documents import Documents

# Half of the transactions fail and large orders are split. So a few orders show every path: success at once, after a retry, failure, and part fills.
SETTINGS = {
    # A page of docs/clients is opened from its file.
    "ALLOWED_ORIGINS": "null",
    "MOCK_FAILURE_RATE": "0.5", "MOCK_SWAP_LATENCY_MS": "50-100", "MOCK_QUOTE_LATENCY_MS": "20", "RETRY_BASE_MS": "50",
    "ROUTING": "split", "SPLIT_MIN_GAIN_BPS": "0",
    "GATEWAYS": "1", "ROUTERS": "1", "EXECUTORS": "1", "NOTIFIERS": "2"}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="scripts/test-contracts", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=10, help="requests that schemathesis makes up for each operation and phase (10)")
    parser.add_argument("--seed", type=int, default=1, help="seed of what schemathesis makes up (1)")
    given = parser.parse_args(arguments)
    documents = Documents()
    with private_stack(**SETTINGS) as stack:
        base = stack.base
        checks = (
            ("documents", documents.check), ("dependencies", dependencies.check), ("sockets", lambda: sockets.run(base, documents)),
            ("postman", lambda: api.postman(base)),
            ("clients", lambda: clients.run(base, documents)), ("generated", lambda: clients.generated(base)),
            ("openapi", lambda: api.openapi(base, given.examples, given.seed)))
        return run(checks)
