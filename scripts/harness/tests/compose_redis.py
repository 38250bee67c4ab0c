"""Tries the engine of compose.yaml on more than one Redis: a cluster, and a master whose replica Sentinels let take over."""

import secrets
import time
from collections.abc import Callable

from harness.http_client import fetched
from harness.orders import ORDER, Refused, follow, place
from harness.private import until
from harness.tests import confinement
from harness.tests.compose_project import Project, call

# For each file of settings the servers that are started, and the one that is killed: a master.
LAYOUTS = {
    "cluster": (tuple(f"redis-{number}" for number in range(1, 7)), "redis-1"),
    "sentinel": (("redis-a", "redis-b", *(f"redis-sentinel-{number}" for number in range(1, 4))), "redis-a"),
}


def _orders(project: Project, count: int) -> None:
    """Places orders until so many are accepted, a minute at most, and follows each to its end."""
    ids: list[str] = []
    deadline = time.monotonic() + 60
    while len(ids) < count:
        try:
            ids.append(place(project.base, ORDER))
        except Refused as refusal:  # until the replica has taken over
            assert time.monotonic() < deadline, f"{len(ids)} of {count} orders were accepted within a minute: {refusal}"
            time.sleep(0.2)
    for order_id in ids:
        last = follow(project.base, order_id)[-1]
        assert last["status"] == "confirmed", f"order {order_id} ended {last['status']}: {last.get('message')}"


def remembered(project: Project, restart: Callable[[], object]) -> None:
    """Checks that a request that is repeated after Redis was started again gets the order of before: all that scripts have written is still there."""
    header = {"Idempotency-Key": secrets.token_hex(8)}
    before = place(project.base, ORDER, header)
    assert follow(project.base, before)[-1]["status"] == "confirmed"
    restart()
    after = place(project.base, ORDER, header)
    assert after == before, f"the repeated request got {after} instead of {before}"


def restarted(project: Project) -> None:
    project.compose("restart", "redis")
    project.up()


def _anew(project: Project) -> None:
    project.compose("down", "--timeout", "20", seconds=180)
    project.up()


def _idle(project: Project) -> bool:
    return all(group["pending"] == 0 for stream in fetched(f"{project.base}/api/streams").json()["streams"] for group in stream["groups"])


def survives(project: Project, layout: str) -> None:
    """Starts everything anew on the servers of a file of settings. Orders are taken and done, also when a master is killed, when it is back, and when
    everything was stopped and has other addresses."""
    servers, master = LAYOUTS[layout]
    project.compose("down", "--volumes", "--timeout", "20", seconds=180)
    project.use(layout)
    project.up()
    for server in servers:
        confinement.limited(project, server, memory=2 ** 26)
    _orders(project, 24)
    until(lambda: _idle(project), "orders were still in hand", 20)
    call("docker", "kill", *project.containers(master))
    _orders(project, 24)
    project.up()
    _orders(project, 24)
    remembered(project, lambda: _anew(project))
    _orders(project, 24)
    project.compose("exec", "-T", "gateway", "orderctl", "doctor")
