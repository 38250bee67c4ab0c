"""Builds and starts compose.yaml for real, scales it, and sends orders through it, under a project name and a port of its own.

If no Docker engine answers and none can be started, it says so in one line and succeeds."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from harness.http_client import fetched
from harness.orders import FINAL, ORDER, follow, place
from harness.private import until
from harness.runner.settings import ROOT, SERVICES
from harness.tests import compose_redis, confinement
from harness.tests.compose_project import Project, call

Result = TypeVar("Result")
say = partial(print, flush=True)
IMAGE_LIMIT = 70_000_000  # bytes that the image may have over its base
OFFLINE = ROOT.parent / "shared/tools/docker-offline"  # prepares a machine that reaches no image registry


def confirmed(project: Project, orders: int = 1) -> list[str]:
    """Places orders through the edge, follows each until it is confirmed, and then follows it by its WebSocket."""
    from harness.conversation import conversation  # needs a package that nobody has to have where no Docker is

    ids = [place(project.base, ORDER) for _ in range(orders)]
    for order_id in ids:
        events = follow(project.base, order_id)
        assert events[-1]["status"] == "confirmed", f"order {order_id} ended {events[-1]['status']}: {events[-1].get('message')}"
        frames = map(json.loads, asyncio.run(conversation(f"ws{project.base.removeprefix('http')}/v1/stream?orderId={order_id}&after=0")))
        assert [frame["event"] for frame in frames if frame["op"] == "event"] == events, f"order {order_id}: its WebSocket shows other events"
        shown = fetched(f"{project.base}/api/orders/{order_id}").json()["status"]
        assert shown in FINAL, f"order {order_id} is final on its stream and not by GET"
    return ids


def only_new_replicas(project: Project) -> None:
    """Stops the first container of each service. After that only replicas that the edge and the streams have found since can serve an order."""
    old = {service: project.containers(service) for service in SERVICES}
    project.scale(gateway=2, router=3, executor=3, notifier=2)
    call("docker", "stop", "--time", "20", *(name for names in old.values() for name in names), seconds=120)
    for service, names in old.items():
        for name in names:
            code = call("docker", "inspect", "-f", "{{.State.ExitCode}}", name).strip()
            assert code == "0", f"{service} stopped with exit code {code}\n{call('docker', 'logs', '--tail', '15', name)}"
    time.sleep(2.5)  # the edge keeps an address for two seconds


def rows(project: Project, ids: list[str]) -> None:
    """Checks that every order and its last event are in Postgres, and that each landed exactly once."""
    listed = ", ".join(f"'{order_id}'" for order_id in ids)
    query = f"SELECT count(*) FROM orders WHERE status = 'confirmed' AND coalesce(order_id, id)::text IN ({listed})"
    psql = ("exec", "-T", "postgres", "psql", "-h", "/var/run/postgresql", "-U", "engine", "-d", "orders", "-Atc")
    until(lambda: project.compose(*psql, query).strip() == str(len(ids)), f"not all of {len(ids)} orders were in Postgres", 10)
    landed = project.compose("exec", "-T", "redis", "redis-cli", "--user", "engine", "XLEN", "chain:{0}:landed").strip()
    assert landed == str(len(ids)), f"{len(ids)} orders were confirmed and {landed} transactions landed"


def small(project: Project) -> None:
    """Checks that the image adds little to its base."""
    image, base = (int(call("docker", "image", "inspect", "-f", "{{.Size}}", name)) for name in (project.image, bases()[-1]))
    say(f"test-compose: the image has {(image - base) / 1e6:.1f} MB over its base")
    assert image - base <= IMAGE_LIMIT, f"the image has {image - base:,} bytes over {bases()[-1]}, and may have {IMAGE_LIMIT:,}"


def many_requests(project: Project, count: int = 60_000, clients: int = 8) -> None:
    """Sends so many requests that, in a minute or so, they would use up the edge's ports if each had a connection of its own to a gateway."""
    request = f"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1:{project.port}\r\n\r\n".encode()

    async def client(share: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", project.port)
        for number in range(share):
            writer.write(request)
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
            assert head.startswith(b"HTTP/1.1 200"), f"request {number} of {share}: {head.decode('latin-1')}"
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            await asyncio.wait_for(reader.readexactly(int(length.split(b":")[1])), 10)
            if number % 900 == 899:  # close it before the edge does, which answers a thousand requests on one connection
                writer.close()
                reader, writer = await asyncio.open_connection("127.0.0.1", project.port)
        writer.close()

    async def all_of_them() -> None:
        async with asyncio.timeout(180):
            await asyncio.gather(*(client(count // clients) for _ in range(clients)))

    asyncio.run(all_of_them())


def console(project: Project) -> None:
    """Checks that the edge has the web console's files, and sends its policy with them."""
    for path, part in (("/", "<title>Order Execution Engine</title>"), ("/console/main.js", "import")):
        answer = fetched(project.base + path)
        assert part in answer.text and "default-src 'self'" in answer.headers["content-security-policy"], f"{path} is not the console's"


def bases() -> list[str]:
    """The images that the Dockerfile begins its stages with. The last is the base of the image itself."""
    return re.findall(r"^ARG \w+_IMAGE=(\S+)$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)


def engine() -> str | None:
    """Gets a Docker engine and the base images, if there is a way to get them. A sentence that says why not, or None."""
    def images() -> list[str]:
        """The images of the services that are started, without those of the profiles."""
        named = (call("docker", "compose", "config", "--images", check=False) or "").split()
        return bases() + [image for image in named if not image.startswith("order-execution-engine:")]

    def ready() -> bool:
        return call("docker", "info", check=False) is not None and call("docker", "compose", "version", check=False) is not None

    def complete() -> bool:
        return all(call("docker", "image", "inspect", image, check=False) is not None for image in images())

    if ready() and complete():
        return None
    if OFFLINE.exists() and os.geteuid() == 0:
        say(f"preparing a Docker engine with {OFFLINE}; the first time takes minutes")
        log = open("/tmp/docker-offline.log", "ab")  # noqa: SIM115 the engine that it starts keeps it
        try:
            subprocess.run([OFFLINE], stdin=subprocess.DEVNULL, stdout=log, stderr=log, timeout=600, check=False)
        except subprocess.TimeoutExpired:
            return "a Docker engine could not be prepared in 10 minutes"
    if not ready():
        return "no Docker engine with Compose v2 answers"
    for image in images():
        if call("docker", "image", "inspect", image, check=False) is None and call("docker", "pull", "-q", image, seconds=300, check=False) is None:
            return f"the image {image} is not here and can't be fetched"
    return None


def main(_arguments: list[str]) -> int:
    reason = engine()
    if reason:
        say(f"test-compose: skipped, {reason}")
        return 0
    project = Project()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    started = time.monotonic()

    def step(name: str, action: Callable[..., Result], *arguments: object) -> Result:
        begun = time.monotonic()
        result = action(*arguments)
        say(f"test-compose: {name}, {time.monotonic() - begun:.0f} s")
        return result

    failure = None
    try:
        step("built and healthy", project.start)
        step("the image is small", small, project)
        ids = step("an order confirmed, and followed by WebSocket", confirmed, project)
        step("the console is served", console, project)
        step("each container has no more than it needs", confinement.confined, project)
        step("each network leads to whom it is for", confinement.separated, project)
        step("Redis refuses who is not the engine", confinement.refused, project)
        step("60,000 requests without a refusal", many_requests, project)
        edge = project.containers("edge")
        step("scaled, the first replicas stopped with exit code 0", only_new_replicas, project)
        assert project.containers("edge") == edge, "the edge was made anew"
        ids += step("20 orders confirmed by the new replicas", confirmed, project, 20)
        step("all in Postgres, each landed once", rows, project, ids)
        step("nothing is forgotten when Redis is started again", compose_redis.remembered, project, lambda: compose_redis.restarted(project))
        step("TLS, and every container as an arbitrary user", confinement.other_users, project)
        del project.env["EDGE_TLS_DIR"]
        for layout in compose_redis.LAYOUTS:
            step(f"orders go on when a master is killed: {layout}", compose_redis.survives, project, layout)
    except Exception as problem:  # noqa: BLE001 whatever it is, the containers must go
        failure = problem
    finally:
        logs = project.end()
    if failure is not None:
        print(logs, file=sys.stderr)
        print(f"test-compose: FAILED after {time.monotonic() - started:.0f} s: {type(failure).__name__}: {failure}", file=sys.stderr)
        return 1
    say(f"test-compose: passed in {time.monotonic() - started:.0f} s")
    return 0
