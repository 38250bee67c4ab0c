"""Checks that the faults explain all dead letters, duplicates and fenced steps, neither more nor fewer."""

from collections import Counter

from .audit import Audit
from .world import World


def explain(audit: Audit) -> None:
    _letters(audit)
    if audit.world.rolled_back:
        # Steps and entries that Redis has lost were counted all the same.
        return
    for stage in ("router", "executor"):
        _duplicates(audit, stage)
    _names(audit)
    _fenced(audit)
    _conflicts(audit)


def _letters(audit: Audit) -> None:
    """Checks that the dead letters are the injected ones, each with its reason."""
    world = audit.world
    found = {}
    for letter in audit.records.letters:
        key = (f"{world.prefix(letter['partition'])}{letter['stream']}", letter["entry"])
        injected = world.injected.get(key)
        if key in found:
            audit.bad(f"two dead letters for the entry {key[1]} of {key[0]}", letter.get("orderId", ""))
        found[key] = letter
        order = letter.get("orderId")
        if letter["reason"] in _excused(world, order):
            continue
        if injected is None or letter["reason"] not in injected.reasons:
            audit.bad(f"a dead letter that nothing explains: {letter}", letter.get("orderId", ""))
    for key, injected in world.injected.items():
        if injected.needed and key not in found and not world.may_lack(injected.partition):
            audit.bad(f"{injected.kind} on {key[0]} did not become a dead letter ({key[1]})", injected.order)
    for order in world.poisoned - audit.losses.lost:
        letters = [letter for letter in audit.records.letters if letter.get("orderId") == order]
        end = audit.folds[order].end if order in audit.folds else None
        if len(letters) != 1:
            audit.bad(f"{len(letters)} dead letters for the order that crashed its workers", order)
        if end is None or end["status"] != "failed" or end["error"]["code"] != "POISONED":
            audit.bad(f"the order that crashed its workers ended as {end and end['status']}", order)
    for order, fold in audit.folds.items():
        if fold.end and fold.end.get("error", {}).get("code") == "POISONED" and order not in world.poisoned | world.touched:
            audit.bad("POISONED, though nothing crashed because of it", order)


def _excused(world: World, order: str | None) -> set[str]:
    """Why an entry of an order may be a dead letter although nobody injected it.

    Two entries of one order and stage count their starts together. So one of them may be one start too many. It becomes POISONED, or IN_DOUBT if the
    transaction is on its way; the other entry then follows that transaction to its end. Also, an order that one entry has ended may have left Redis
    before the other entry is read."""
    if order in world.touched:
        return {"POISONED", "IN_DOUBT", "UNKNOWN_ORDER"}
    return {"POISONED"} if order in world.poisoned else set()


def _duplicates(audit: Audit, stage: str) -> None:
    """Checks the number of duplicates.

    Each work entry is used up once: by a step that moved its order on, by `ended`, as a dead letter, or as a `duplicate`. The duplicates are the
    entries that Redis says were added, less those that the events and the dead letters account for. An order that its deadline ended may have used up
    an entry or not. The services cannot have counted more duplicates. They may have counted fewer: a killed process takes its last counts along, and
    a step that is asked for again after a lost reply counts as `stale`."""
    world, stream = audit.world, {"router": "accepted", "executor": "routed"}[stage]
    added = sum(group.added for group in audit.records.groups if group.stream == stream)
    used = sum(fold.finished[stage] for fold in audit.folds.values())
    buried = sum(1 for letter in audit.records.letters if letter["stream"] == stream)
    ended = sum(1 for fold in audit.folds.values() if fold.end and fold.end.get("error", {}).get("code") == "DEADLINE_EXCEEDED")
    max_count, min_count = added - used - buried, max(0, added - used - buried - ended)
    step = {"router": ("routeBegin", "routeDone", "routeRetry"), "executor": ("buildBegin", "submit", "confirm", "retry", "requote")}[stage]
    counted = _counted(world, *step)
    either = _counted(world, "fail", "rest")  # both stages take these steps
    copies = sum(1 for entry in world.injected.values() if entry.kind == "duplicate" and entry.stream == stream)
    world.measures[f"duplicates on {stream}: counted, at most, copies injected"] = [counted, max_count, copies]
    if counted > max_count:
        audit.bad(f"{stream}: {counted} duplicates were counted, and at most {max_count} are explained")
    if max_count < copies - ended - buried:
        audit.bad(f"{stream}: {copies} copies were injected, and only {max_count} entries came to nothing")
    lossless = world.stack.metrics.ends == 0 and not any(world.tally[fault] for fault in ("reply", "redis", "disk", "stall", "freeze"))
    if lossless and counted + either < min_count:
        audit.bad(f"{stream}: {counted + either} duplicates were counted of at least {min_count}, though no count was lost")


def _counted(world: World, *steps: str) -> int:
    """How many duplicates the services have counted of these steps."""
    return sum(world.stack.metrics.total("order_steps_total", outcome="duplicate", step=name) for name in steps)


def _names(audit: Audit) -> None:
    """Checks the number of entries on the events stream.

    Each names an order, and at most one stands for an order at a time. So each order has at least one. There is a new one only after the order has
    gone on: by an event, or by the end of an entry that had stood for it. Besides, a notifier that has lost its entry may add one."""
    world = audit.world
    orders, events = len(audit.records.rows), sum(map(len, audit.records.events.values()))
    added = sum(group.added for group in audit.records.groups if group.stream == "events")
    injected = sum(1 for entry in world.injected.values() if entry.stream == "events")
    claimed = _claimed(world)
    world.measures["entries that name orders: counted, orders, events, injected"] = [added - injected, orders, events, injected]
    if added - injected < orders:
        audit.bad(f"events: {added - injected} entries name {orders} orders")
    if added > orders + events + 2 * injected + claimed:
        audit.bad(f"events: {added} entries, with {orders} orders, {events} events, {injected} injected entries and {claimed} claims")


def _claimed(world: World) -> int:
    """How many entries were claimed, by the logs."""
    return sum(
        line.get("count", 0)
        for process in world.stack.processes.values() for line in world.stack.log_lines(process.name, "entries.claimed"))


def _fenced(audit: Audit) -> None:
    """Checks the number of fenced steps.

    A step is fenced when its entry was taken over while its owner still lived: by a claim, which the logs count, or by the harness."""
    world = audit.world
    fenced = world.stack.metrics.total("order_steps_total", outcome="fenced")
    claimed = _claimed(world)
    stolen = world.tally["steal"]
    world.measures["fenced steps counted, claims logged, entries stolen"] = [fenced, claimed, stolen]
    if fenced > claimed + stolen:
        audit.bad(f"{fenced} steps were fenced, with {claimed} claims and {stolen} stolen entries")
    # Most workers that lose an entry try a step before they hear of the loss. But a worker that is killed meanwhile tries none, or takes the count
    # along.
    if stolen >= (5 if world.stack.metrics.ends == 0 else 8) and fenced == 0:
        audit.bad(f"no step was fenced, though {stolen} entries were taken from their owners")


def _conflicts(audit: Audit) -> None:
    """Checks that only injected entries are ahead of their stage, ahead of their round, or without an order."""
    world = audit.world
    wanted = Counter(reason for entry in world.injected.values() for reason in entry.reasons)
    conflicts = world.stack.metrics.total("order_steps_total", outcome="conflict")
    if conflicts > wanted["WRONG_STATE"] + wanted["WRONG_ATTEMPT"]:
        audit.bad(f"{conflicts} steps met a conflict, and {wanted['WRONG_STATE'] + wanted['WRONG_ATTEMPT']} were injected")
