"""The audit: what must hold once all is quiet. It checks each order against records that do not know of each other."""

import json
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from harness.http_client import Json
from harness.orders import FINAL

from . import history, lifecycle
from .clients import Submission
from .losses import Losses
from .records import Records
from .waits import WaitAudit
from .world import World

# What documents 002 and 003 say for each event. None where they are silent.
SAYS = {
    "triggered": lambda event: None,
    "amended": lambda event: None,
    "routing:10": lambda event: "Fetching quotes from Raydium & Meteora...",
    "routing:30": lambda event: f"Best route: {'+'.join(dex[:1].upper() + dex[1:] for dex in event['chosenDex'].split('+'))}",
    "building:50": lambda event: "Building transaction...",
    "building:70": lambda event: None,
    "submitted": lambda event: "Transaction submitted to network...",
    "confirmed": lambda event: "Swap executed successfully",
}

MAX_LATENESS = 12.0  # seconds


class Audit:
    def __init__(self, world: World, records: Records) -> None:
        self.world, self.records = world, records
        self.losses = Losses(world, records)
        self.folds = {}
        self.waits = WaitAudit(self)
        self.split = self.partly = 0  # orders with several landed legs; orders that failed with some legs landed
        self.owners = {}  # user -> orders that the records have for the user
        for order, row in records.rows.items():
            self.owners.setdefault(row["user"], set()).add(order)
        self.landed = {}  # order -> leg -> what has landed
        for (order, leg), found in records.landed.items():
            self.landed.setdefault(order, {})[leg] = found

    def run(self) -> None:
        known = {*self.records.events, *self.records.rows, *self.records.hashes}
        for order in sorted(known - self.losses.lost):
            self._order(order)
        for (order, _), landings in self.records.landed.items():
            if order not in self.records.events:
                self.bad(f"{len(landings)} landed for an order that Postgres does not know", order)
        for submission in self.world.clients.submissions:
            self._submission(submission)
        self.waits.run()
        self._rest()
        self._lateness()

    def bad(self, what: str, order: str = "") -> None:
        self.world.violation(what, order)

    def _told(self, what: str, order: str) -> None:
        """What a client was told and is not so. After a failover it may have been so once."""
        if order and self.losses.exposed(order):
            self.losses.note(order, what, "other statements that are not so any more")
        else:
            self.bad(what, order)

    def _promised(self, what: str, orders: Iterable[str], kind: str) -> None:
        """What must not be, unless a failover has taken an answer. `orders`: those that can have lost it."""
        lost = [order for order in sorted(orders) if self.losses.exposed(order)]
        if lost:
            self.losses.broken(lost[0], what, kind)
        else:
            self.bad(what, min(orders, default=""))

    def _filled_otherwise(self, what: str, order: str) -> None:
        """A failover may have taken the record that a transaction was sent. The order then goes on from before it, with another one."""
        self._promised(what, [order], "orders that were filled otherwise than they say")

    # One order in the records

    def _order(self, order: str) -> None:
        events = self.events(order)
        fold = self.folds[order] = lifecycle.fold(order, events)
        for problem in fold.problems:
            self.bad(problem, order)
        if order in self.records.unreadable:
            self.bad(f"Postgres: its lines make no events: {self.records.unreadable[order]}", order)
        if order not in self.losses.changed:
            self._row(order, fold)
            self._shown(order, events)
            self._hash(order, events)
        if self._has_ledger(order):
            self._landed(order, fold)
        details = self.records.details(order)
        deadline = details.get("deadline") and history.stamp(details["deadline"])
        if deadline and any(at > deadline for at in fold.submitted_at):
            self.bad(f"submitted at {max(fold.submitted_at)}, after its deadline {deadline}", order)

    def events(self, order: str) -> list[Json]:
        """What has happened to an order: by Postgres, or by Redis where a failover has made it another story."""
        return self.losses.changed.get(order) or self.records.events.get(order, [])

    def _has_ledger(self, order: str) -> bool:
        """Whether Redis still has what has landed for an order. A failover that has taken the order has taken that too."""
        return order in self.records.hashes or not self.losses.exposed(order)

    def _row(self, order: str, fold: lifecycle.Fold) -> None:
        row = self.records.rows.get(order)
        if row is None:
            return self.bad("Postgres has events of it, but no row", order)
        for column, expected in fold.row.items():
            found = row[column]
            if column in ("execution_price", "amount_out"):
                # One of the two is text from a NUMERIC column.
                same = found is not None and found.rstrip("0").rstrip(".") == expected.rstrip("0").rstrip(".") or found == expected
            else:
                same = found == expected
            if not same:
                self.bad(f"Postgres: {column} is {str(found)[:80]}, and by its events {str(expected)[:80]}", order)
        return None

    def _shown(self, order: str, events: list[Json]) -> None:
        """Checks the view of single events: what each line says, in full where events have it in common."""
        shown = self.records.shown.get(order, [])
        wanted = [
            {"seq": event["seq"], "type": event["type"], "status": event["status"], "at": event["timestamp"],
             "event": json.loads(line) | {"orderId": order, "status": event["status"], "timestamp": event["timestamp"]}}
            for event, line in zip(events, self.records.lines.get(order, []), strict=False)]
        if shown != wanted:
            self.bad(f"Postgres shows events {[e['seq'] for e in shown]}, and has {[e['seq'] for e in events]}, or their content differs", order)

    def _hash(self, order: str, events: list[Json]) -> None:
        if order not in self.records.hashes:
            return
        found = self.records.hashes[order]
        stored = self.records.lines.get(order, [])
        if found.lines != stored:
            self.bad(f"Redis has {len(found.lines)} events, Postgres {len(stored)}, or their lines differ", order)
        if found.fields.get("o") != self.records.rows.get(order, {}).get("details"):
            self.bad("Redis and Postgres have different details of it", order)
        if found.fields.get("p"):
            self.bad(f"Redis: events of it are not stored: {found.fields['p']}", order)
        place = found.place
        if place is None:
            return self.bad(f"Redis: its place is {found.fields.get('s')}", order)
        if place.entry:
            self.bad(f"Redis: {place.entry} still stands for it", order)
        if events:
            last = events[-1]
            for what, here, there in (
                ("seq", place.seq, last["seq"]), ("state", place.state, last["status"]), ("attempt", place.attempt, last["attempt"]),
                ("time", history.stamp(place.at), last["timestamp"]), ("end", found.fields.get("e"), str(place.at) if "u" in found.fields else None)
            ):
                if here != there:
                    self.bad(f"Redis: {what} {here} after the event {last['type']} with {there}", order)
        if found.life == -1 and place.state in FINAL:
            self.bad("Redis keeps it for ever", order)
        return None

    def _landed(self, order: str, fold: lifecycle.Fold) -> None:
        """Checks that what the order says it has filled is what has landed, leg by leg, and each leg once."""
        landed = self.landed.get(order, {})
        end = fold.end or {}
        status = end.get("status", "not final")
        count = sum(len(found) for found in landed.values())
        says = self._filled(end)
        if not says and count:
            self._filled_otherwise(f"{status}, and {count} transactions landed", order)
        elif any(len(found) != 1 for found in landed.values()) or says and set(says) != set(landed):
            self._filled_otherwise(f"{status}, and {count} transactions landed on legs {sorted(landed)} where {sorted(says)} were filled", order)
        else:
            for leg, (signature, amount) in says.items():
                if (landed[leg][0]["signature"], landed[leg][0]["amountOut"]) != (signature, amount):
                    self._filled_otherwise(f"{status} with {signature} on leg {leg}, but {landed[leg][0]['signature']} landed", order)
            self._amounts(order, end, [found[0] for found in landed.values()])
        if len(landed) > 1:
            self.split += 1
        if len(fold.signatures) != len(set(fold.signatures)):
            self.bad("one signature was submitted twice as if it were two", order)

    @staticmethod
    def _filled(end: Json) -> dict[str, tuple[str, str]]:
        """Leg -> signature and output, as the last event has them."""
        if end.get("legs"):
            return {str(leg["leg"]): (leg.get("txHash"), leg.get("amountOut")) for leg in end["legs"] if leg["status"] == "landed"}
        if end.get("status") == "confirmed":
            return {"0": (end.get("txHash"), end.get("amountOut"))}
        # One pool has filled a part.
        return {"0": (end.get("txHash"), end["filled"]["amountOut"])} if end.get("filled") else {}

    def _amounts(self, order: str, end: Json, landed: list[Json]) -> None:
        """Checks the total input and output: the whole order if it is confirmed, what the event says is filled if it failed."""
        sums = {name: sum(int(fields[name]) for fields in landed) for name in ("amountIn", "amountOut")}
        says = end.get("filled")
        if end.get("status") == "confirmed":
            if any(leg["status"] != "landed" for leg in end.get("legs", [])):
                self.bad("confirmed with a leg that has not landed", order)
            says = {"amountIn": end["quote"]["amountIn"], "amountOut": end["amountOut"]}
        if any(int((says or {}).get(name, 0)) != found for name, found in sums.items()):
            self._filled_otherwise(f"{end.get('status')}: says {says} were filled, and {sums} landed", order)
        elif says and end.get("status") in ("failed", "cancelled", "expired"):
            self.partly += 1

    # What one client was told

    def _submission(self, submission: Submission) -> None:
        known = self.owners.get(submission.user, set()) - self.losses.lost
        # By the records: a client whose answer was lost does not know of what follows, nor of the other order of its pair.
        placed, asked = self.records.placed(known), len(submission.bodies)
        told = submission.ids - self.losses.lost
        for problem in submission.problems:
            self._told(f"client: {problem}", submission.id or "")
        if len(told) > 1:
            self._promised(f"client: one key, {len(told)} orders: {sorted(told)}", told, "keys that were used twice")
        if len(placed) > asked:
            self._promised(f"client: asked for {asked}, and has {len(placed)}: {sorted(placed)}", placed, "orders that were placed twice")
        if submission.outcome in ("refused", "absent") and known:
            self.bad(f"client: was told '{submission.outcome}' ({submission.answers}), but the order is there", min(known))
        for order in told - known:
            self.bad("client: was accepted, but Postgres does not know it", order)
        if submission.outcome != "unknown" and submission.id in known:
            self._cancel(submission)
            self._seen(submission)
            self._asked(submission)

    def _cancel(self, submission: Submission) -> None:
        end = self.folds[submission.id].end or {}
        status = end.get("status")
        for answer, code, said in submission.cancel:
            if answer == 200 and (said != "cancelled" or status != "cancelled"):
                self._promised(f"client: DELETE was answered 200 {said}, and it ended as {status}", [submission.id], "cancellations undone")
            elif answer not in (200, 409, 503, "lost"):
                self._told(f"client: DELETE was answered {answer} {code}", submission.id)
        if status == "cancelled" and not submission.cancel and not submission.is_pair:
            self.bad("client: cancelled, and nobody asked for it", submission.id)

    def _seen(self, submission: Submission) -> None:
        order, seen = submission.id, submission.followed
        if seen is None:
            return self._told("client: no socket was opened", order)
        if seen.forgotten:
            self._told(f"socket: SEQ_AHEAD after {[len(events) for events in seen.forgotten]} events", order)
        for problem in seen.problems:
            self._told(f"socket: {problem}", order)
        if not seen.final:
            self._told(f"socket: the final event never came; connections ended with {seen.closes[-5:]}", order)
        events = self.events(order)
        if self.losses.exposed(order):
            self.losses.told(submission, events)
        if not submission.plan.dialect:
            if seen.final and seen.events != events:
                self._told(f"socket: saw {[e['seq'] for e in seen.events]}, Postgres has {[e['seq'] for e in events]}, or they differ", order)
            return None
        messages = [said for event in events if (said := self._says(event)) is not None]
        for number, connection in enumerate(seen.connections, 1):
            heard = [message.get("message") for message in connection]
            if heard != messages[:len(heard)]:
                self._told(f"socket: connection {number} to /ws/orders heard {heard}, not {messages}", order)
        if seen.final and len(seen.connections[-1]) != len(messages):
            self._told(f"socket: the last connection to /ws/orders heard {len(seen.connections[-1])} of {len(messages)} messages", order)
        return None

    @staticmethod
    def _says(event: Json) -> str | None:
        kind = lifecycle.name(event, "")
        return SAYS[kind](event) if kind in SAYS else event["message"]

    def _asked(self, submission: Submission) -> None:
        """Checks that a confirmed order has swapped what its client asked for, whatever the engine's records say."""
        if (self.folds[submission.id].end or {}).get("status") != "confirmed" or not self._has_ledger(submission.id):
            return
        order = submission.bodies[0]
        asked = Decimal(order["amount"]).scaleb(9 if order["tokenIn"] == "SOL" else 6)
        swapped = sum(int(fields["amountIn"]) for found in self.landed.get(submission.id, {}).values() for fields in found)
        if swapped != asked:
            self._filled_otherwise(f"client: asked to swap {asked}, and {swapped} were", submission.id)

    def _lateness(self) -> None:
        """Checks how late events were.

        If nothing is broken, an event reaches an open socket at once. An event that a feed missed would come with the feed's next look, 20 s later.
        """
        calm = []
        for submission in self.world.clients.submissions:
            if submission.followed is None:
                continue
            for event, (_, opened, seen) in zip(submission.followed.events, submission.followed.late, strict=True):
                since = max(opened, datetime.fromisoformat(event["timestamp"]).timestamp())
                if any(fault != "delay" and start < seen and since < end for fault, start, end in self.world.windows):
                    continue
                calm.append(seen - since)
                if seen - since > MAX_LATENESS:
                    self.bad(f"socket: event {event['seq']} was seen {seen - since:.1f} s late, with nothing broken", submission.id)
        if calm:
            self.world.measures["event to socket, with nothing broken"] = calm

    # What must be empty

    def _rest(self) -> None:
        records = self.records
        for group in records.groups:
            where = f"{group.stream}, partition {group.partition}"
            if group.pending:
                self.bad(f"{where}: {group.pending} entries are pending")
            if group.waiting:
                self.bad(f"{where}: {group.waiting} entries were never read")
            if group.lag != group.waiting:
                self.bad(f"{where}: Redis says a lag of {group.lag}, and it is {group.waiting}")
        if records.retries:
            self.bad(f"{records.retries} retries wait")
        if records.deadlines:
            self.bad(f"{records.deadlines} deadlines wait")
        for signature in records.due:
            self.bad(f"the transaction {signature} would still land, and nobody waits for it")
