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
    "waits": "orders that wait for a price, pairs of which at most one may fill, and orders that follow others",
    "flush": "FLUSHALL after the audit",
}
# Faults that need one Redis, and those that need a cluster. A run has the ones or the others, and all the rest.
ALONE = ("redis", "disk", "memory")
CLUSTER_FAULTS = {
    "failover": "SIGKILL of a master; its replica takes over, and it comes back as the replica",
    "planned-failover": "CLUSTER FAILOVER: a replica takes over in good order",
    "slot-move": "a partition's slot, with its keys, moves to another master",
    "partition": "a master cut off from the other nodes, or from everybody",
}
ALL_FAULTS = FAULTS | CLUSTER_FAULTS

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
    cluster: bool  # whether Redis is a cluster
    replicas: int  # REDIS_REPLICAS of the services
    deadline: float  # seconds for the whole run
    quiet: float  # seconds in which everything has to come to rest
    run_dir: Path | None

    @property
    def pace(self) -> float:
        """The factor for all waits between faults."""
        return 0.6 if self.short else 1.0

    @property
    def possible(self) -> frozenset[str]:
        """Every fault that this kind of Redis can have."""
        return possible(self.cluster)


def possible(cluster: bool) -> frozenset[str]:
    return frozenset(ALL_FAULTS).difference(ALONE if cluster else CLUSTER_FAULTS)


def _faults(words: str, cluster: bool) -> frozenset[str]:
    names = [name for name in words.replace(",", " ").split() if name]
    if names in (["all"], []):
        return possible(cluster)
    if names == ["none"]:
        return frozenset()
    for name in names:
        if name not in ALL_FAULTS:
            raise ValueError(f"there is no fault {name}; there are {', '.join(ALL_FAULTS)}")
        if name not in possible(cluster):
            raise ValueError(f"the fault {name} needs {'one Redis' if cluster else 'a cluster (--cluster)'}")
    return frozenset(names)


def read(arguments: list[str], environment: Mapping[str, str] = os.environ) -> Options:
    listed = "\n".join(f"  {name:<16} {what}" for name, what in ALL_FAULTS.items())
    parser = argparse.ArgumentParser(
        prog="scripts/chaos", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Runs a private stack under load while it breaks things, then audits what became of every order.",
        epilog=f"faults:\n{listed}\n\n{', '.join(ALONE)} need one Redis; {', '.join(CLUSTER_FAULTS)} a cluster.\n"
        "Each option can be given by the environment too: SEED, ORDERS, RATE, FAULTS, PARTITIONS, CLUSTER, REPLICAS.\n"
        "STACK_BIN says where the executables are (.build-release/release). Exit code 1 on any violation.")
    parser.add_argument("--seed", type=int, default=environment.get("SEED"), help="of load and faults; random when not given")
    parser.add_argument("--orders", type=int, default=environment.get("ORDERS"), help="how many (3000; 300 with --short)")
    parser.add_argument("--rate", type=float, default=environment.get("RATE"), help="orders a second (40; 12 with --short)")
    parser.add_argument("--faults", default=environment.get("FAULTS") or "all", help="all, none, or names with commas")
    parser.add_argument("--partitions", type=int, default=environment.get("PARTITIONS"), help="of the streams (1; 8 with --cluster)")
    parser.add_argument("--cluster", action="store_true", default=environment.get("CLUSTER") == "1", help="a Redis Cluster of six nodes")
    parser.add_argument(
        "--replicas", type=int, default=environment.get("REPLICAS") or 0,
        help="how many replicas must have an order before it is answered (0): from 1 on no order may be lost")
    parser.add_argument("--short", action="store_true", help="less of everything: under two minutes")
    parser.add_argument("--keep", action="store_true", help="keep the run directory with logs and records")
    parser.add_argument("--json", action="store_true", help="the result as JSON on the standard output; all else on the standard error")
    parser.add_argument("--run-dir", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    try:
        faults = _faults(given.faults, given.cluster)
    except ValueError as problem:
        parser.error(str(problem))
    return Options(
        seed=given.seed if given.seed is not None else random.SystemRandom().randrange(1_000_000),
        orders=int(given.orders or (300 if given.short else 3000)), rate=float(given.rate or (12 if given.short else 40)),
        faults=faults, short=given.short, keep=given.keep, json=given.json, partitions=int(given.partitions or (8 if given.cluster else 1)),
        cluster=given.cluster, replicas=int(given.replicas),
        deadline=400 if given.short else 1800, quiet=90 if given.short else 300, run_dir=given.run_dir)
