"""What is measured, for how long and on what."""

import argparse
import os
from dataclasses import dataclass
from pathlib import Path

from harness.runner.settings import ROOT

PARTS = ("accept", "end-to-end", "latency", "sockets", "growth", "cluster", "changes", "waits")
SYNCS = ("always", "everysec")


@dataclass(frozen=True)
class Scale:
    """How much of everything. All times are seconds."""

    accept: int
    warm_up: float
    sustained: float
    rounds: int  # of ours and the peer, in turn
    rates: tuple[tuple[float, float], ...]  # orders a second, seconds
    idle: float  # orders that are alone
    sockets: tuple[tuple[int, int], ...]  # sockets, orders that each of them is told of
    growth_orders: int
    growth_seconds: float
    lives: tuple[int, ...] = (86_400,)  # how long Redis keeps an order that is over
    replicas: tuple[int, ...] = (1,)
    waiting: int = 1_000_000  # orders that wait for a price


QUICK = Scale(2, 1, 3, 1, ((1, 3), (100, 3), (1000, 3)), 2, ((200, 5), (1000, 3)), 4_000, 30, waiting=20_000)
DEFAULT = Scale(6, 3, 10, 2, ((1, 20), (100, 15), (1000, 15)), 8, ((1_000, 20), (10_000, 4)), 100_000, 200)
FULL = Scale(10, 5, 20, 3, ((1, 120), (100, 60), (1000, 60)), 60, ((1_000, 40), (10_000, 8)), 1_000_000, 2_400, (86_400, 5), (1, 2, 4))


@dataclass(frozen=True)
class Options:
    parts: tuple[str, ...]
    syncs: tuple[str, ...]  # appendfsync of Redis; what needs only one takes the first
    replicas: tuple[int, ...]  # of each service
    peer: bool
    edge: bool
    keyed: tuple[bool, ...]  # whether with API keys
    window: int
    scale: Scale
    output: Path


def _parts(text: str) -> tuple[str, ...]:
    names = tuple(name for name in text.replace(",", " ").split() if name)
    unknown = [name for name in names if name not in PARTS]
    if unknown or not names:
        raise argparse.ArgumentTypeError(f"the parts are {', '.join(PARTS)}")
    return names


def _positive(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 100_000:
        raise argparse.ArgumentTypeError("a whole number from 1 to 100000")
    return int(text)


def read(arguments: list[str]) -> Options:
    parser = argparse.ArgumentParser(
        prog="scripts/bench", description="Measures the engine of STACK_BIN (.build-release/release) on a private stack, beside a peer.")
    parser.add_argument("--parts", type=_parts, default=PARTS, help=f"some of {','.join(PARTS)}")
    parser.add_argument("--appendfsync", choices=SYNCS, help="only this one; both if not given")
    parser.add_argument("--replicas", type=_positive, help="processes of each service (1; with --full 1, 2 and 4 of them end to end)")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="a few seconds each, to see that it works")
    size.add_argument("--full", action="store_true", help="longer, more replicas, a million orders; takes two hours")
    parser.add_argument("--no-peer", action="store_true", help="leave out the Python peer")
    parser.add_argument("--edge", action="store_true", help="send everything through nginx rather than to the services themselves")
    parser.add_argument("--keyed", action="store_true", help="measure accept and end-to-end with API keys and limits of each caller too")
    parser.add_argument("--window", type=_positive, default=3000, help="most orders under way end to end (3000)")
    parser.add_argument("--output", type=Path, default=ROOT / "Benchmarks/results.json", help="the file of all figures (Benchmarks/results.json)")
    words = parser.parse_args(arguments)
    scale = QUICK if words.quick else FULL if words.full else DEFAULT
    return Options(
        parts=words.parts, syncs=(words.appendfsync,) if words.appendfsync else SYNCS,
        replicas=(words.replicas,) if words.replicas else scale.replicas, peer=not words.no_peer, edge=words.edge,
        keyed=(False, True) if words.keyed else (False,), window=words.window, scale=scale, output=Path(os.path.abspath(words.output)))
