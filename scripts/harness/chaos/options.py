"""The options of the caller, and the settings of the services under test."""

import argparse
import os
import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FAULTS = {
    "kill": "SIGKILL of a service",
    "term": "SIGTERM of a service under load",
    "freeze": "SIGSTOP for longer than the visibility time-out, then SIGCONT",
    "scale": "more routers and executors for a while",
    "redis": "SIGKILL of Redis, then start",
    "disk": "no room for Redis' file: it ends in the middle of a write",
    "memory": "Redis at maxmemory",
    "postgres": "Postgres away, stopped at once",
    "reply": "a reply of Redis lost after the request was forwarded",
    "stall": "a silent link between one service and Redis",
    "delay": "a slow link between one service and Redis",
    "duplicate": "an entry delivered twice",
    "malformed": "an entry that cannot be handled",
    "steal": "an entry taken from its owner's hands",
    "poison": "an order that crashes whoever touches it",
    "flush": "FLUSHALL after the audit",
}

VISIBILITY = 3.0  # seconds

SERVICE_SETTINGS = {
    "MOCK_SWAP_LATENCY_MS": "100-400", "MOCK_QUOTE_LATENCY_MS": "10-40", "QUOTE_TIMEOUT_MS": "3000", "MOCK_DROP_RATE": "0.02",
    "MOCK_LATE_RATE": "0.01", "MOCK_FAILURE_RATE": "0.05", "MOCK_SLOT_MS": "100", "MOCK_VALID_SLOTS": "60", "MOCK_VOLATILITY_BPS": "40",
    "RETRY_BASE_MS": "200", "VISIBILITY_TIMEOUT_MS": str(int(VISIBILITY * 1000)), "RENEW_MS": "800", "SHUTDOWN_GRACE_S": "5",
    "ORDER_STATE_TTL_S": "60", "START_TIMEOUT_S": "120"}


@dataclass(frozen=True)
class Options:
    seed: int
    orders: int
    rate: float
    faults: frozenset[str]
    short: bool
    keep: bool
    json: bool
    partitions: int
    deadline: float  # seconds for the whole run
    quiet: float  # seconds in which everything has to come to rest
    run_dir: Path | None

    @property
    def pace(self) -> float:
        """The factor for all waits between faults."""
        return 0.6 if self.short else 1.0


def _faults(words: str) -> frozenset[str]:
    names = [name for name in words.replace(",", " ").split() if name]
    if names in (["all"], []):
        return frozenset(FAULTS)
    if names == ["none"]:
        return frozenset()
    unknown = [name for name in names if name not in FAULTS]
    if unknown:
        raise argparse.ArgumentTypeError(f"there is no fault {unknown[0]}; there are {', '.join(FAULTS)}")
    return frozenset(names)


def read(arguments: list[str], environment: Mapping[str, str] = os.environ) -> Options:
    listed = "\n".join(f"  {name:<10} {what}" for name, what in FAULTS.items())
    parser = argparse.ArgumentParser(
        prog="scripts/chaos", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Runs a private stack under load while it breaks things, then audits what became of every order.",
        epilog=f"faults:\n{listed}\n\nEach option can be given by the environment too: SEED, ORDERS, RATE, FAULTS, PARTITIONS.\n"
        "STACK_BIN says where the executables are (.build-release/release). Exit code 1 on any violation.")
    parser.add_argument("--seed", type=int, default=environment.get("SEED"), help="of load and faults; random when not given")
    parser.add_argument("--orders", type=int, default=environment.get("ORDERS"), help="how many (3000; 300 with --short)")
    parser.add_argument("--rate", type=float, default=environment.get("RATE"), help="orders a second (40; 12 with --short)")
    parser.add_argument("--faults", type=_faults, default=environment.get("FAULTS") or "all", help="all, none, or names with commas")
    parser.add_argument("--partitions", type=int, default=environment.get("PARTITIONS") or 1, help="of the streams (1)")
    parser.add_argument("--short", action="store_true", help="less of everything: under two minutes")
    parser.add_argument("--keep", action="store_true", help="keep the run directory with logs and records")
    parser.add_argument("--json", action="store_true", help="the result as JSON on the standard output; all else on the standard error")
    parser.add_argument("--run-dir", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    return Options(
        seed=given.seed if given.seed is not None else random.SystemRandom().randrange(1_000_000),
        orders=int(given.orders or (300 if given.short else 3000)), rate=float(given.rate or (12 if given.short else 40)),
        faults=given.faults, short=given.short, keep=given.keep, json=given.json, partitions=int(given.partitions),
        deadline=400 if given.short else 1800, quiet=90 if given.short else 300, run_dir=given.run_dir)
