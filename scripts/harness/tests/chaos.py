"""Tests how the audit of chaos judges what a failover has taken, without running it."""

import json
import sys
from dataclasses import replace

from harness.chaos import history
from harness.chaos.audit import Audit
from harness.chaos.clients import Clients, Followed, Plan, Submission
from harness.chaos.losses import Losses
from harness.chaos.options import read
from harness.chaos.records import Hash, Records
from harness.chaos.world import World
from harness.checks import run, tests_of
from harness.http_client import Json
from harness.redis_cluster import slot

AT = 1_700_000_000_000  # ms: when the orders are accepted
ENDED = AT + 500  # ms
IN_ONE = f"{AT >> 16:08x}-{AT & 0xFFFF:04x}-7000-8000-000000000001"  # an order of partition 1
IN_TWO = f"{AT >> 16:08x}-{AT & 0xFFFF:04x}-7000-8000-000000000002"
IN_THREE = f"{AT >> 16:08x}-{AT & 0xFFFF:04x}-7000-8000-000000000003"
DETAILS = {"maxAttempts": 3}


def _world(replicas: int = 0) -> World:
    """A run in which partition 1 may have lost something between half a second before and a second after the order came."""
    options = replace(read(["--cluster"], {}), replicas=replicas)
    world = World(options, None, None, Clients("http://none", None, None), note=lambda text: None)
    world.rolled_back.append((frozenset({1}), AT / 1000 - 0.5, AT / 1000 + 1))
    return world


def _client(world: World, order: str, *seen: Json) -> Submission:
    submission = Submission("user", None, Plan.plain(1), ids={order}, outcome="accepted", followed=Followed(events=list(seen)))
    world.clients.submissions.append(submission)
    return submission


def _end(kind: str, signature: str = "") -> str:
    said = {"t": ENDED, "seq": 1, "type": kind, "message": "", "attempt": 1} | ({"txHash": signature} if signature else {})
    return json.dumps(said)


def _in_redis(order: str, line: str, stored: str = "") -> Records:
    """What Redis has of an order. Postgres has `stored`, or the same event written otherwise."""
    kind = json.loads(line)["type"]
    fields = {"o": json.dumps({"orderId": order} | DETAILS), "1": line, "s": f"{kind} 1 1 1 {ENDED} "}
    lines = [stored or line + " "]
    return Records(hashes={order: Hash(fields, -1)}, lines={order: lines}, events={order: history.events(fields["o"], lines)}, rows={order: {}})


def _seen(order: str, line: str) -> Json:
    """The event as a client sees it."""
    return next(iter(Losses(_world(), _in_redis(order, line)).changed.values()))[0]


def an_answered_order_that_a_failover_took_is_counted_and_with_replicas_a_violation() -> None:
    for replicas, violations in ((0, []), (1, [("answered, and gone; Postgres has 0 events of it", IN_ONE)])):
        world = _world(replicas)
        _client(world, IN_ONE)
        losses = Losses(world, Records())
        assert losses.lost == {IN_ONE} and losses.counts["answered, and gone"] == 1, losses.counts
        assert world.violations == violations, world.violations


def an_order_of_another_partition_or_time_is_not_excused() -> None:
    world = _world()
    _client(world, IN_TWO)
    world.rolled_back.append((frozenset({2}), AT / 1000 + 2, AT / 1000 + 3))  # when the order had come to its end
    world.rolled_back.append((frozenset({2}), AT / 1000 - 3, AT / 1000 - 2))  # before it came
    losses = Losses(world, Records())
    assert not losses.lost and not losses.exposed(IN_TWO)


def a_silent_link_to_a_replica_makes_it_as_old_as_the_silence() -> None:
    world = _world()
    world.rolled_back = [(frozenset({2}), AT / 1000 + 9, AT / 1000 + 12)]
    assert not Losses(world, Records()).exposed(IN_TWO)
    world.windows.append(["stall", AT / 1000 + 1, AT / 1000 + 9])
    assert Losses(world, Records()).exposed(IN_TWO)


def another_end_or_transaction_than_a_client_saw_is_counted_and_with_replicas_a_violation() -> None:
    saw = _seen(IN_ONE, _end("confirmed", "first"))
    for replicas in (0, 1):
        for line in (_end("failed"), _end("confirmed", "second")):
            world = _world(replicas)
            submission = _client(world, IN_ONE, saw)
            losses = Losses(world, _in_redis(IN_ONE, line))
            losses.told(submission, losses.changed[IN_ONE])
            assert losses.counts["ends that clients saw, and are others"] == 1, losses.counts
            assert losses.counts["transactions that clients saw, and are others"] == 1, losses.counts
            assert len(world.violations) == 2 * replicas, world.violations


def a_transaction_that_was_signed_and_not_sent_may_come_again_as_another() -> None:
    for kind, violations in (("submitted", 0), ("execution-failed", 1)):
        world = _world(replicas=1)
        submission = _client(world, IN_ONE, _seen(IN_ONE, _end(kind, "first")))
        losses = Losses(world, _in_redis(IN_ONE, _end("confirmed", "second")))
        losses.told(submission, losses.changed[IN_ONE])
        assert losses.counts["transactions that clients saw, and are others"] == 1, losses.counts
        assert len(world.violations) == violations, (kind, world.violations)


def an_order_that_redis_lost_after_its_end_was_known_to_the_replicas_if_it_was_answered_or_filled() -> None:
    for answered, signature, violations in ((False, "", 0), (False, "first", 1), (True, "", 1)):
        world, records = _world(replicas=1), _in_redis(IN_ONE, _end("confirmed" if signature else "failed", signature))
        records.hashes.clear()
        if answered:
            _client(world, IN_ONE)
        losses = Losses(world, records)
        assert len(world.violations) == violations, (answered, signature, world.violations)
        assert (IN_ONE in losses.lost) == (not violations)


def an_end_that_postgres_keeps_and_redis_does_not_have_is_counted_and_with_replicas_a_violation() -> None:
    cases = (
        ("another end", "second", _end("confirmed", "first")), ("no end", "first", _end("routing")), ("another step", "first", ""))
    for what, signature, stored in cases:
        for replicas in (0, 1):
            world, records = _world(replicas), _in_redis(IN_ONE, _end("confirmed", signature), stored)
            losses = Losses(world, records)
            assert losses.counts == {f"Postgres keeps {what}": 1}, losses.counts
            assert len(world.violations) == replicas * (what != "another step"), world.violations


def an_event_that_comes_again_at_another_time_is_counted_only() -> None:
    world = _world(replicas=1)
    submission = _client(world, IN_ONE, _seen(IN_ONE, _end("confirmed", "first")) | {"timestamp": "2023-11-14T22:13:20.100Z"})
    losses = Losses(world, _in_redis(IN_ONE, _end("confirmed", "first")))
    losses.told(submission, losses.changed[IN_ONE])
    assert losses.counts["events that clients saw, and are no more: orders"] == 1 and not world.violations, (losses.counts, world.violations)


def _audited(sent: int, details: dict[str, Json]) -> list[str]:
    """What the audit says of the orders that a client without an answer has placed and of their pairs. It asked for `sent` orders."""
    rows = {order: {"user": "user", "details": json.dumps({"terms": {}} | known)} for order, known in details.items()}
    world = _world(replicas=1)
    world.rolled_back.clear()
    world.clients.submissions.append(Submission("user", None, Plan.plain(1), bodies=[{}] * sent))
    Audit(world, Records(rows=rows)).run()
    return [what for what, _ in world.violations if "asked for" in what or "its pair" in what]


def a_client_without_an_answer_has_placed_what_the_records_say() -> None:
    pair = {IN_ONE: {"oco": IN_TWO}, IN_TWO: {"oco": IN_ONE}}
    follows = {IN_ONE: {"then": [{"orderId": IN_TWO}]}, IN_TWO: {}}
    twice = [f"client: asked for 1, and has 2: {[IN_ONE, IN_TWO]}"]
    assert _audited(2, pair) == _audited(1, follows) == _audited(1, {IN_ONE: {}}) == []
    assert _audited(1, pair) == _audited(1, {IN_ONE: {}, IN_TWO: {}}) == twice
    assert len(_audited(1, pair | {IN_THREE: {}})) == len(_audited(2, pair | {IN_THREE: {}})) == 1


def each_order_of_a_pair_names_the_other() -> None:
    for details in ({IN_ONE: {"oco": IN_TWO}}, {IN_ONE: {"oco": IN_TWO}, IN_TWO: {}}, {IN_TWO: {"oco": IN_ONE}, IN_ONE: {"oco": "another"}}):
        wrong = sum("oco" in known for known in details.values())
        assert len(_audited(2, details)) == wrong, details


def faults_of_one_redis_and_of_a_cluster_do_not_mix() -> None:
    one, cluster = read([], {}).faults, read([], {"CLUSTER": "1"}).faults
    assert {"redis", "disk", "memory"} == one - cluster and {"failover", "planned-failover", "slot-move", "partition"} == cluster - one


def the_slot_of_a_key_is_that_of_its_hash_tag() -> None:
    assert slot("123456789") == 12739 and slot("orders:{3}:accepted") == slot("chain:{3}:landed") == slot("3") == 1584
    assert slot("a{}b") != slot("") and slot("a{1") != slot("1")


def main(arguments: list[str]) -> int:
    return run((test.__name__.replace("_", " "), test) for test in tests_of(sys.modules[__name__]))
