"""What a failover has taken. Redis' replication is asynchronous: the new master may know nothing of an order that was answered, or may have an order
as it was some steps before. Redis is then the truth that the engine goes on from, and here it is said how the other records differ from it.

With REDIS_REPLICAS such a difference may be a step that comes again: also the one that signs a transaction, because it is sent only once the
replicas know it. An order that was answered or filled and is gone, or one that has come to another end or was filled by another transaction than its
client was told, is then a fault of the engine."""

from collections import Counter

from harness.http_client import Json
from harness.orders import FINAL

from . import history
from .clients import Submission
from .records import Records
from .world import World

UNSENT = ("building", "submitted")  # events of a transaction that may not have been sent yet
LAG = 1.0  # seconds by which a replica on the same machine may be behind


class Losses:
    def __init__(self, world: World, records: Records) -> None:
        self.world, self.records = world, records
        self.spans = [(partitions, self._behind_since(start), end) for partitions, start, end in world.rolled_back]
        self.lost: set[str] = set()  # orders that were accepted, and that Redis does not know before their end
        self.changed: dict[str, list[Json]] = {}  # order -> events by Redis, where Postgres has others
        self.notes: dict[str, list[str]] = {}  # order -> what it was told or stored as, and is not
        self.counts: Counter[str] = Counter()
        exposed = [order for order in sorted(world.accepted() | set(records.rows) | set(records.hashes)) if self.exposed(order)]
        self.count = len(exposed)
        for order in exposed:
            self._look(order)

    def exposed(self, order: str) -> bool:
        """Whether a failover may have taken a part of the order."""
        accepted, partition = int(order.replace("-", "")[:12], 16) / 1000, self.world.partition_of(order)
        last = max([accepted, *self._times(order)])
        return any(partition in partitions and accepted <= end and last >= start for partitions, start, end in self.spans)

    def _times(self, order: str) -> list[float]:
        found = self.records.hashes.get(order)
        place = found and found.place
        rows = self.records.events.get(order, [])
        return ([place.at / 1000] if place else []) + [history.seconds(event["timestamp"]) for event in rows[-1:]]

    def _behind_since(self, start: float) -> float:
        """When a replica may have begun to be behind: a link that is silent or slow holds back what it is sent too."""
        slow = [since for fault, since, until in self.world.windows if fault in ("stall", "delay") and until > start - LAG and since < start]
        return min([start, *slow]) - LAG

    def _look(self, order: str) -> None:
        stored = self.records.lines.get(order, [])
        found = self.records.hashes.get(order)
        if found is None:
            self._gone(order)
        elif found.lines != stored:
            self.changed[order] = history.events(found.fields["o"], found.lines)
            ends = [self._end(events) for events in (self.records.events.get(order, []), self.changed[order])]
            what = "another end" if ends[0] and ends[0] != ends[1] else "another step" if ends[0] else "no end"
            # Clients that come later see only Postgres: so for them its end is the end that the order has.
            judge = self.note if what == "another step" else self.broken
            judge(order, f"Postgres has {what} than Redis, by event {len(stored)} of {len(found.lines)}", f"Postgres keeps {what}")

    def _gone(self, order: str) -> None:
        events = self.records.events.get(order, [])
        end, answered = self._end(events), order in self.world.accepted()
        if end:
            # What was answered or sent was at the replicas.
            is_known = answered or bool(end[1])
            if not is_known:
                self.lost.add(order)
            judge = self.broken if is_known else self.note
            return judge(order, "Redis has lost it after its end, and Postgres has it", "Redis lost it, Postgres has its end")
        self.lost.add(order)
        kind = "answered, and gone" if answered else "not answered, and gone"
        (self.broken if answered else self.note)(order, f"{kind}; Postgres has {len(events)} events of it", kind)
        return None

    def note(self, order: str, what: str, kind: str) -> None:
        self.notes.setdefault(order, []).append(what)
        self.counts[kind] += 1

    def told(self, submission: Submission, events: list[Json]) -> None:
        """Compares what a client saw of its order with what became of it."""
        order, seen = submission.id, submission.followed
        if seen is None:
            return
        all_seen = [event for list_ in (*seen.forgotten, seen.events) for event in list_]
        if any(event not in events for event in all_seen):
            self.note(order, f"a client saw events that are no more, of {len(all_seen)}", "events that clients saw, and are no more: orders")
        signed = {signature for event in events for signature in _signatures(event)}
        for event in all_seen:
            self._same_end(order, event, events)
            if not _signatures(event) <= signed:
                what = f"a client saw {event['type']} with a transaction that it has no more"
                judge = self.note if event["type"] in UNSENT else self.broken
                judge(order, what, "transactions that clients saw, and are others")

    def _same_end(self, order: str, event: Json, events: list[Json]) -> None:
        if event["status"] in FINAL and self._end([event]) != self._end(events):
            self.broken(order, f"a client saw the end {self._end([event])}, and it is {self._end(events)}", "ends that clients saw, and are others")

    def broken(self, order: str, what: str, kind: str) -> None:
        """Notes what a failover has undone of an answer. With replicas that is a violation."""
        self.note(order, what, kind)
        if self.world.options.replicas:
            self.world.violation(what, order)

    @staticmethod
    def _end(events: list[Json]) -> tuple[str, frozenset[str]] | None:
        """Status and transactions of the last event, if it is an end."""
        end = events[-1] if events else {}
        return (end["status"], _signatures(end)) if end.get("status") in FINAL else None

    def lines(self) -> list[str]:
        """For the report."""
        counts = {"orders that were there at a failover, or came then": self.count, **dict(sorted(self.counts.items()))}
        return [f"  {kind:<60} {count:>6}" for kind, count in counts.items()]


def _signatures(event: Json) -> frozenset[str]:
    legs = [leg.get("txHash") for leg in event.get("legs", [])] or [event.get("txHash")]
    return frozenset(signature for signature in legs if signature)

