"""Places a few orders with the running system and shows each of them live. Starts the system if none runs.

Environment: PORT (3000), ORDERS (5), and ORDERCTL_KEY or ORDERCTL_KEY_FILE where the engine asks for API keys."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from .http_client import Json, answers
from .orders import FINAL, Refused, follow, place
from .runner.settings import ROOT, Settings

ORDERS = (
    {"tokenIn": "SOL", "tokenOut": "USDC", "amount": 1.5},
    {"tokenIn": "USDC", "tokenOut": "SOL", "amount": 250},
    {"tokenIn": "SOL", "tokenOut": "USDC", "amount": "12.25", "slippage": 0.005},
    {"tokenIn": "SOL", "tokenOut": "USDC", "amount": 0.1, "slippage": 0.02},
    {"tokenIn": "USDC", "tokenOut": "SOL", "amount": 1000, "slippage": 0.01},
)
COLOURS = {"confirmed": "32", "failed": "31", "cancelled": "33", "expired": "33"}


class Line:
    """One order on the screen."""

    def __init__(self, order: Json) -> None:
        self.what = f"{order['amount']} {order['tokenIn']} -> {order['tokenOut']}"
        self.status, self.progress, self.detail = "placing", 0, ""

    def take(self, event: Json) -> None:
        self.status = event["status"]
        if self.status != "failed":
            self.progress = event.get("progress", self.progress)
        self.detail = event.get("message", "")
        if self.status == "confirmed":
            self.detail = f"{event.get('amountOutDecimal')} at {event.get('executedPrice')} on {event.get('chosenDex')}"
        elif event.get("error"):
            self.detail = event["error"].get("message", self.detail)

    def done(self) -> bool:
        return self.status in (*FINAL, "refused")

    def text(self, width: int, colour: bool) -> str:
        filled = self.progress * 20 // 100
        head = f"{self.what:<20} [{'#' * filled}{'.' * (20 - filled)}] {self.progress:>3}%  "
        text = f"{head}{self.status:<10} {self.detail}"[:width]
        code = COLOURS.get(self.status) if colour else None
        return f"\x1b[{code}m{text}\x1b[0m" if code else text


def key_header() -> dict[str, str]:
    """The header with the caller's API key; nothing without one."""
    path = os.environ.get("ORDERCTL_KEY_FILE")
    key = Path(path).read_text(encoding="utf-8").strip() if path else os.environ.get("ORDERCTL_KEY")
    return {"Authorization": f"Bearer {key}"} if key else {}


def watch(base: str, key: Mapping[str, str], order: Json, line: Line, show: Callable[[Line], None]) -> None:
    try:
        follow(base, place(base, order, key), told=lambda event: (line.take(event), show(line)), headers=key)
    except Exception as problem:  # noqa: BLE001 a thread's last words must reach the screen
        known = isinstance(problem, Refused | OSError | RuntimeError)
        line.status, line.detail = "refused", str(problem) if known else f"{type(problem).__name__}: {problem}"
        show(line)


def draw(lines: list[Line], threads: list[threading.Thread]) -> None:
    """Repaints the block of lines until every order has ended."""
    first = True
    while True:
        over = not any(thread.is_alive() for thread in threads)
        try:
            width = os.get_terminal_size().columns
        except OSError:
            width = 100
        if not first:
            sys.stdout.write(f"\x1b[{len(lines)}A")
        first = False
        sys.stdout.write("".join(f"\x1b[2K{line.text(width - 1, True)}\n" for line in lines))
        sys.stdout.flush()
        if over:
            return
        time.sleep(0.1)


def main(_arguments: list[str]) -> int:
    base = Settings.read().edge_url
    started = False
    if not answers(f"{base}/health/ready"):
        if subprocess.run([ROOT / "scripts/run", "up"], check=False).returncode != 0:
            return 1
        started = True
        print()
    live = sys.stdout.isatty()
    count = int(os.environ.get("ORDERS") or len(ORDERS))
    orders = [ORDERS[index % len(ORDERS)] for index in range(count)]
    lines = [Line(order) for order in orders]
    lock = threading.Lock()

    def show(line: Line) -> None:
        if not live:
            with lock:
                print(line.text(160, False), flush=True)

    key = key_header()
    threads = [threading.Thread(target=watch, args=(base, key, *pair, show), daemon=True) for pair in zip(orders, lines, strict=True)]
    for thread in threads:
        thread.start()
    if live:
        draw(lines, threads)
    for thread in threads:
        thread.join()
    confirmed = sum(line.status == "confirmed" for line in lines)
    print(f"\n{confirmed} of {count} confirmed" + (" (some of the mock chain's swaps fail on purpose)" if confirmed < count else ""))
    if started:
        print("The system is still running; stop it with:  make down")
    return 0 if all(line.done() and line.status != "refused" for line in lines) else 1
