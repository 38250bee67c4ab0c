"""What orders that wait for a price cost: to place one beside none and beside a million others, a tick at which nothing is due, many that are due at
once, and how soon an order is fired after the mark that reached its price."""

import json
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from os import kill
from statistics import median

from harness.http_client import Json, answers, ask, blocking
from harness.orders import place
from harness.private import PrivateStack, private_stack, until
from harness.redis_client import command

from .engine import settings
from .options import Options
from .processor import on_processor

PLACED = 300  # orders of one turn
TURNS = 60
REST = 0.5  # seconds of rest before each turn
DUE = 10_000
FAR = 10**9  # a price that no mark reaches
SOL, USDC = "So11111111111111111111111111111111111111112", "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v"
SET = f"{SOL}:{USDC}:tokenIn:above"
HEAD = "orders:{0}:"
PORTION = 2000  # commands of one write
REWRITES = ("aof_rewrite_in_progress", "aof_rewrite_scheduled", "rdb_bgsave_in_progress")
SETTLED = 120.0  # seconds
WATCHED = 10.0  # seconds
FIRED = 400  # orders whose delay is measured


def measure(options: Options, say: Callable[[str], None]) -> list[Json]:
    """One record for each count of waiting orders, and one for the delay."""
    common = {"REDIS_APPENDFSYNC": "everysec"} | settings() | _one_of_each() | {"MOCK_VOLATILITY_BPS": "10"}
    with private_stack(**common) as stack:
        redis = _Redis(stack)
        redis.fill(options.scale.waiting)
        with private_stack(**common) as empty:
            sides = ((empty, _Redis(empty)), (stack, redis))
            for _, each in sides:
                each.reload()
            records = [
                {"waiting": waiting, "redisUsPerOrder": cost} | _tick(side[1]) | _memory(side[1])
                for waiting, cost, side in zip((0, options.scale.waiting), _placing(sides), sides, strict=True)]
        for record in records:
            say(f"{record['waiting']} waiting: {record}")
        due = _due(stack, redis)
        say(f"{DUE} due at once: {due}")
        records[-1] |= due
    with private_stack(**(settings() | _one_of_each() | {"MOCK_VOLATILITY_BPS": "60", "MOCK_SWAP_LATENCY_MS": "50-100"})) as stack:
        delay = _delay(stack)
        say(f"delay: {delay}")
        records.append(delay)
    return records


def _one_of_each() -> dict[str, str]:
    return {"GATEWAYS": "1", "ROUTERS": "1", "EXECUTORS": "1", "NOTIFIERS": "1", "PARTITIONS": "1"}


class _Redis:
    def __init__(self, stack: PrivateStack) -> None:
        self.stack = stack
        self.port = int(stack.run.variables()["REDIS_PORT"])
        self.filled = 0

    @property
    def pids(self) -> list[int]:
        return [pid for name, pid in self.stack.pids().items() if name.startswith("redis")]

    def ask(self, *words: str) -> object:
        return blocking(command(self.port, *words))

    def stats(self) -> dict[str, tuple[int, int]]:
        """Calls and microseconds of each command."""
        found = {}
        for line in self.ask("INFO", "commandstats").decode().splitlines():
            if line.startswith("cmdstat_"):
                name, rest = line.removeprefix("cmdstat_").split(":", 1)
                fields = dict(part.split("=") for part in rest.split(","))
                found[name] = (int(fields["calls"]), int(fields["usec"]))
        return found

    def fill(self, count: int, price: int = FAR) -> None:
        """Writes orders as the engine does, without the events that would go to Postgres."""
        with closing(socket.create_connection(("127.0.0.1", self.port))) as link:
            for start in range(0, count, PORTION):
                commands = [word for number in range(start, min(start + PORTION, count)) for word in self._order(number, price)]
                link.sendall(b"".join(commands))
                _replies(link, len(commands))
        self.ask("SADD", HEAD + "waits", SET)

    def settle(self) -> None:
        """Waits until Redis no longer rewrites its file: meanwhile each first write to a page copies that page."""
        end = time.monotonic() + SETTLED
        while any(f"{name}:1" in self.ask("INFO", "persistence").decode() for name in REWRITES):
            if time.monotonic() > end:
                raise TimeoutError(f"Redis still rewrites its file after {SETTLED:.0f} s")
            time.sleep(0.2)

    def reload(self) -> None:
        """Starts Redis again from its file, so that its memory is laid out as after a start and not as a million writes in a row have left it."""
        self.ask("BGREWRITEAOF")
        self.settle()
        self.stack.stop("redis-1")
        self.stack.start("redis-1")
        until(lambda: answers(f"{self.stack.base}/health/ready"), "the engine is not ready after a restart of Redis", SETTLED)

    def _order(self, number: int, price: int) -> Iterator[bytes]:
        self.filled += 1
        order = f"0198c1f2-{self.filled >> 16:04x}-7000-8000-{self.filled & 0xFFFF:04x}{number & 0xFFFFFF:06x}00"
        key = f"{(price * 10**6 + number) * 10**12:038d}"
        details = _details(order, price)
        line = json.dumps({
            "t": 1768030217789, "seq": 1, "type": "open", "progress": 0, "message": f"Order waits for {price} USDC", "attempt": 1,
            "waitsFor": str(price)}, separators=(",", ":"))
        yield _command("HSET", f"{HEAD}o:{order}", "s", "open 1 1 1 1768030217789 waits", "o", details, "f", "1-0 f", "1", line, "w", f"{SET} {key}")
        yield _command("ZADD", f"{HEAD}waits:{SET}", "0", f"{key}:{order}")


def _details(order: str, price: int) -> str:
    token = {"name": "token", "mint": SOL, "symbol": "SOL", "decimals": 9}
    return json.dumps({
        "orderId": order, "orderType": "limit", "terms": {"priced": "tokenIn", "limitPrice": str(price), "timeInForce": "gtc"}, "tokenIn": token,
        "tokenOut": token | {"mint": USDC, "symbol": "USDC", "decimals": 6}, "amountIn": "1500000000", "slippageBps": 100, "slippage": 0.01,
        "createdAt": 1768030217789, "maxAttempts": 3, "fingerprint": "f"}, separators=(",", ":"))


def _command(*words: str) -> bytes:
    return f"*{len(words)}\r\n".encode() + b"".join(f"${len(word.encode())}\r\n{word}\r\n".encode() for word in words)


def _replies(link: socket.socket, count: int) -> None:
    """Reads that many replies, each of them one line."""
    lines = 0
    while lines < count:
        piece = link.recv(1 << 20)
        if not piece:
            raise ConnectionError("Redis has closed the connection")
        lines += piece.count(b"\r\n")


def _placing(sides: tuple[tuple[PrivateStack, _Redis], ...]) -> list[float]:
    """Redis' CPU time for one placed order on each side, less what it takes at rest. The sides take turns, so that both meet the same other work; the
    medians, because one turn differs from the next by a fifth."""
    rests: list[list[float]] = [[] for _ in sides]
    turns: list[list[tuple[float, float]]] = [[] for _ in sides]
    for turn in range(TURNS):
        for index in range(len(sides))[:: -1 if turn % 2 else 1]:
            stack, redis = sides[index]
            rests[index].append(_spent(redis, REST, lambda: None) / REST)
            start = time.monotonic()
            spent = _spent(redis, 0.0, lambda stack=stack: _place_many(stack))
            turns[index].append((spent, time.monotonic() - start))
    return [
        round(median((spent - median(rest) * seconds) / PLACED for spent, seconds in own), 1) for rest, own in zip(rests, turns, strict=True)]


def _spent(redis: _Redis, seconds: float, work: Callable[[], None]) -> float:
    before = sum(on_processor(pid) for pid in redis.pids)
    work()
    time.sleep(seconds)
    return sum(on_processor(pid) for pid in redis.pids) - before


def _place_many(stack: PrivateStack) -> None:
    body = {"tokenIn": "SOL", "tokenOut": "USDC", "amount": "1.5", "orderType": "limit", "limitPrice": str(FAR // 2)}
    for _ in range(PLACED):
        place(f"http://127.0.0.1:{stack.port}", body)


def _tick(redis: _Redis) -> Json:
    """Microseconds of Redis for one tick at which nothing is due: the sets, and what is due in each."""
    redis.ask("CONFIG", "RESETSTAT")
    time.sleep(WATCHED)
    stats = redis.stats()
    ticks = stats["smembers"][0]
    return {"tickUs": round((stats["smembers"][1] + stats["zrangebylex"][1]) / ticks, 1), "ticks": ticks}


def _memory(redis: _Redis) -> Json:
    used = next(line for line in redis.ask("INFO", "memory").decode().splitlines() if line.startswith("used_memory:"))
    return {"memoryMB": int(used.split(":")[1]) >> 20}


def _due(stack: PrivateStack, redis: _Redis) -> Json:
    """How long until many orders are handed on whose price is reached at once, and the longest script meanwhile."""
    routers = [pid for name, pid in stack.pids().items() if name.startswith("router")]
    for pid in routers:
        kill(pid, signal.SIGSTOP)
    redis.fill(DUE, price=1)
    before = redis.ask("ZCARD", f"{HEAD}waits:{SET}")
    redis.ask("CONFIG", "SET", "slowlog-log-slower-than", "1000")
    redis.ask("CONFIG", "SET", "slowlog-max-len", "5000")
    redis.ask("SLOWLOG", "RESET")
    start = time.monotonic()
    for pid in routers:
        kill(pid, signal.SIGCONT)
    while redis.ask("ZCARD", f"{HEAD}waits:{SET}") > before - DUE:
        if time.monotonic() - start > 60:
            raise TimeoutError(f"of {DUE} orders that were due some were not handed on after a minute")
        time.sleep(0.02)
    seconds = time.monotonic() - start
    scripts = [row[2] for row in redis.ask("SLOWLOG", "GET", "5000") if row[3][0].lower() == b"evalsha"]
    return {"dueSeconds": round(seconds, 2), "longestScriptMs": round(max(scripts, default=0) / 1000, 1)}


def _delay(stack: PrivateStack) -> Json:
    """Time from the mark that reached an order's price to its hand-over, over orders near the price of a moving market."""
    base = f"http://127.0.0.1:{stack.port}"
    quote = ask(f"{base}/api/quotes?tokenIn=SOL&tokenOut=USDC&amount=0.01").json()
    price = float(quote["amountOutDecimal"]) * 100
    orders = [
        place(base, {
            "tokenIn": "SOL", "tokenOut": "USDC", "amount": "0.01", "orderType": "takeProfit", "triggerPrice": f"{price * (1 + number / 1e6):.6f}",
            "allowImmediate": True})
        for number in range(FIRED)]
    time.sleep(20)
    delays = []
    for order in orders:
        events = ask(f"{base}/api/orders/{order}/events").json()["events"]
        for event in events:
            if event["type"] == "triggered":
                delays.append(_milliseconds(event["timestamp"]) - event["markAt"])
    delays.sort()
    if not delays:
        raise RuntimeError("the market has reached none of the prices")
    return {"fired": len(delays), "medianMs": delays[len(delays) // 2], "p99Ms": delays[int(len(delays) * 0.99)], "mostMs": delays[-1]}


def _milliseconds(stamp: str) -> int:
    from datetime import datetime

    return round(datetime.fromisoformat(stamp).timestamp() * 1000)
