"""The events of an order as its clients see them, made from the lines that Redis and Postgres keep. Written down from docs/api.md and
docs/state-machine.md, independently of the engine's own fold."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from harness.http_client import Json
from harness.orders import FINAL

# Members of a line that are no members of the event, or that are made from them.
OWN = {
    "t", "seq", "type", "status", "progress", "message", "attempt", "chosen", "chosenDex", "quote", "legs", "quotes", "showsQuotes", "txHash",
    "filled",
}


@dataclass
class History:
    order: Json  # as it was placed
    events: list[Json] = field(default_factory=list)
    route: Json = field(default_factory=dict)  # chosenDex, quote and legs, as every event from routing (30) on repeats them
    quotes: list[Json] = field(default_factory=list)
    signature: str | None = None  # of this attempt
    progress: int = 0
    filled: Json | None = None
    times: dict[str, int] = field(default_factory=dict)  # status -> ms
    since: int = 0  # when the newest event happened

    def add(self, line: Json) -> None:
        if "timestamp" in line:
            # An order from before the lines had only what is new with them: each line is a whole event.
            self.events.append(line)
            return
        status = line.get("status", line["type"])
        if self.events:
            before = self.events[-1]["status"]
            self.times[before] = self.times.get(before, 0) + line["t"] - self.since
        self.since = line["t"]
        self._learn(line)
        event = {
            "orderId": self.order["orderId"], "seq": line["seq"], "type": line["type"], "status": status,
            "progress": line.get("progress", self.progress), "timestamp": stamp(line["t"]), "message": line["message"], "attempt": line["attempt"],
            "maxAttempts": self.order["maxAttempts"],
        }
        event |= {name: self.order[name] for name in ("clientOrderId", "traceparent") if name in self.order}
        event |= self.route
        if "quotes" in line or line.get("showsQuotes"):
            event["quotes"] = self.quotes
        if self.signature and line["type"] not in ("routing", "building"):
            event["txHash"] = self.signature
        if self.filled and line["type"] in ("failed", "cancelled", "expired"):
            event["filled"] = self.filled
        event |= {name: value for name, value in line.items() if name not in OWN}
        if line["type"] in FINAL:
            event["stageMs"] = self.times | {"total": sum(self.times.values())}
        self.events.append(event)
        if line["type"] == "retry-pending" or (line["type"] == "open" and line["seq"] > 1):
            self.signature = None

    def _learn(self, line: Json) -> None:
        self.quotes = line.get("quotes", self.quotes)
        if "chosen" in line:
            quote = self.quotes[line["chosen"]]
            self.route = {"chosenDex": quote["dex"], "quote": quote}
        elif "quote" in line:
            self.route = {name: line[name] for name in ("chosenDex", "quote", "legs") if name in line}
        self.signature = line.get("txHash", self.signature)
        self.filled = line.get("filled", self.filled)
        self.progress = line.get("progress") or self.progress


def stamp(milliseconds: int) -> str:
    moment = datetime.fromtimestamp(milliseconds // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"


def seconds(stamp: str) -> float:
    """The moment of a stamp, in seconds since 1970."""
    return datetime.fromisoformat(stamp).timestamp()


def events(details: str, lines: Iterable[str]) -> list[Json]:
    """The canonical events of an order."""
    history = History(json.loads(details))
    for line in lines:
        history.add(json.loads(line))
    return history.events
