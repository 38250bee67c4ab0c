"""The stack under test. Each service process is behind a proxy of its own, and is killed, frozen and started again on its own."""

import asyncio
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from harness.http_client import Json
from harness.private import PrivateStack
from harness.redis_client import Redis
from harness.redis_cluster import RedisCluster
from harness.runner.directory import MARK, RunDirectory
from harness.runner.ports import Reservation, free
from harness.runner.processes import alive, send, words
from harness.runner.servers import Postgres
from harness.runner.servers import Redis as RedisServer
from harness.runner.settings import SERVICES, Problem, Settings
from harness.runner.stack import Interrupted, Service, Stack, Startable

from .cluster import Cluster, Node
from .options import SERVICE_SETTINGS, Options
from .process import Process, Totals
from .proxy import Proxy

REPLICAS = 2
# Log lines of answers that were given before Redis went away. They may be written a moment later.
DONE = (b'"orders.accepted"', b'"order.not_routed"', b'"orders.confirmed"', b'"order.attempt_failed"')
TAIL = 1 << 20  # bytes at the end of a log: more than any process may write while Redis is away
STRIKE = str(Path(__file__).with_name("strike.py"))


class _Starter(Stack):
    """The runner's stack, with variables of its own for each process."""

    def __init__(self, settings: Settings, run: RunDirectory, owner: "ChaosStack") -> None:
        super().__init__(settings, run, owner.tell)
        self.owner = owner

    def service(self, kind: str, number: int, port: int, admin: int = 0) -> Service:
        return Service(self.run, self.settings, kind, number, port, admin, self.owner.variables(kind, number))


class ChaosStack(PrivateStack):
    executables = ".build-release/release"

    def __init__(self, options: Options, path: Path, tell: Callable[[str], None], settings: Mapping[str, str] | None = None) -> None:
        """`settings`: further ones, or others in the place of those of chaos."""
        super().__init__(
            path, **(SERVICE_SETTINGS | (settings or {})), **{f"{service.upper()}S": str(REPLICAS) for service in SERVICES},
            PARTITIONS=str(options.partitions), EDGE_BIND="127.0.0.1", MOCK_SEED=str(options.seed), LOG_LEVEL="info", LOG_FORMAT="json")
        self.base = f"http://127.0.0.1:{self.port}"
        self.options, self.tell = options, tell
        self.cluster = Cluster(self.run) if options.cluster else None
        if self.cluster:
            # What Redis still has of an order is compared with what the clients have seen, so no order may leave it during the run.
            self.env |= {"REDIS_URL": self.cluster.url, "ORDER_STATE_TTL_S": "3600"}
        if options.replicas:
            self.env["REDIS_REPLICAS"] = str(options.replicas)
        os.environ.update(self.env)
        self.settings = Settings.read()
        # The ports are held until the proxies listen.
        self.reservation = Reservation(REPLICAS * len(SERVICES), but=(self.settings.port,))
        ports = iter(self.reservation.ports)
        self.processes = {}
        for kind in SERVICES:
            for number in range(1, REPLICAS + 1):
                self._add(kind, number, next(ports))
        self.own = {}  # kind -> variables that its processes get from now on
        self.metrics = Totals()
        self.children = {}
        self.starters, self.stopping = set(), False  # starters: what is starting something right now
        self.crashed = set()  # pids that were killed while something else was busy with the process
        self.ended = []  # processes that ended by themselves, as text

    def _add(self, kind: str, number: int, proxy_port: int) -> Process:
        process = Process(kind, number, Proxy(proxy_port))
        self.processes[process.name] = process
        return process

    def variables(self, kind: str, number: int) -> dict[str, str]:
        process = self.processes[f"{kind}-{number}"]
        # Some routers divide orders and others do not. Each goes on with what the other has left.
        routing = {"ROUTING": "split", "SPLIT_MIN_GAIN_BPS": "0"} if kind == "router" and number % 2 == 0 else {}
        url = self.cluster.url if self.cluster else f"redis://127.0.0.1:{process.proxy.port}"
        return {"REDIS_URL": url, **routing, **self.own.get(kind, {})}

    @property
    def redis_port(self) -> int:
        return int(self.run.variables()["REDIS_PORT"])

    def client(self) -> Redis | RedisCluster:
        """A client of Redis for the harness."""
        return self.cluster.client() if self.cluster else Redis(self.redis_port)

    def proxied(self, *kinds: str) -> list[Process] | list[Node]:
        """What a fault of the network can be done to: the links of processes of these kinds, or the links to each node of a cluster."""
        if self.cluster:
            return self.cluster.nodes
        return [process for kind in kinds for process in self.processes.values() if process.kind == kind and process.number <= REPLICAS]

    @property
    def database_url(self) -> str:
        return self.run.variables()["DATABASE_URL"]

    # Starting and stopping

    async def start_all(self) -> None:
        for process in self.processes.values():
            await process.proxy.start()
        self.reservation.release()
        if self.cluster:
            self.run.create()
            await self.cluster.start()
        starter = _Starter(self.settings, self.run, self)
        with self.run.locked():
            self.starters.add(starter)
            started = asyncio.ensure_future(asyncio.to_thread(starter.start))
            started.add_done_callback(lambda done: (self.starters.discard(starter), done.exception()))
            while not started.done():
                await asyncio.sleep(0.05)
                # The proxies have to know where Redis is before the services ask.
                if port := self.run.variables().get("REDIS_PORT"):
                    for process in self.processes.values():
                        process.proxy.upstream = int(port)
            await asyncio.shield(started)
        self.children = starter.children
        variables = self.run.variables()
        for process in self.processes.values():
            process.child = starter.children[process.name]
            process.port = int(variables[f"{process.kind.upper()}_{process.number}_PORT"])

    async def launch(self, process: Process) -> None:
        """Starts a service process, again or for the first time. Tries again if Redis is away for too long for the process to become healthy."""
        for attempt in range(5):
            starter = _Starter(self.settings, self.run, self)
            service = starter.service(process.kind, process.number, process.port)
            try:
                await self._start_one(starter, service)
                break
            except Problem:
                if attempt == 4:
                    raise
        process.child, process.expected_end = starter.children[process.name], False

    async def _start_one(self, starter: _Starter, process: Startable) -> None:
        if self.stopping:
            raise Problem("the stack is being stopped")
        self.starters.add(starter)
        try:
            await asyncio.to_thread(starter.start_one, process)
        except Interrupted:
            raise Problem("the stack is being stopped") from None
        finally:
            self.starters.discard(starter)

    async def shut_down(self) -> None:
        self.stopping = True
        for starter in self.starters:
            starter.interrupts = 1
        while self.starters:
            await asyncio.sleep(0.05)
        for process in self.processes.values():
            if process.running:
                send(process.pid, signal.SIGCONT)
            process.proxy.heal()
        for node in self.cluster.nodes if self.cluster else ():
            node.proxy.heal()
        if self.run.path.is_dir():
            await asyncio.to_thread(_Starter(self.settings, self.run, self).stop)
        if self.cluster:
            await self.cluster.stop()
        for process in self.processes.values():
            process.proxy.close()

    def left_over(self) -> list[str]:
        """Processes of this stack that still live."""
        marks = {f"{MARK}={self.run.path}", f"RUN_DIR={self.run.path}"}
        found = []
        for entry in os.listdir("/proc"):
            if entry.isdigit() and int(entry) not in (os.getpid(), os.getppid()) and alive(int(entry)):
                arguments = " ".join(words(entry, "cmdline"))
                if marks & set(words(entry, "environ")) or f" {self.run.path}/" in f" {arguments}":
                    found.append(f"{entry} {arguments}"[:120])
        return found

    def discard(self) -> None:
        Postgres(self.run, 0).discard()

    # Harm

    async def kill(self, process: Process) -> None:
        """Sends SIGKILL and returns when the process is gone."""
        await self.scrape(process)
        process.expected_end = True
        send(process.pid, signal.SIGKILL)
        await asyncio.to_thread(process.child.wait)
        self.metrics.close(process)

    async def crash(self, process: Process, pid: int) -> None:
        """Sends SIGKILL at once, whatever else is busy with the process. A life that is only starting is started again by its starter."""
        self.crashed.add(pid)
        send(pid, signal.SIGKILL)
        while alive(pid):
            await asyncio.sleep(0.01)
        if process.child is not None and process.pid == pid:
            self.metrics.close(process)

    async def terminate(self, process: Process) -> tuple[int | None, float]:
        """Sends SIGTERM. Returns the exit code, or None if the process had to be killed, and the seconds it took."""
        await self.scrape(process)
        process.expected_end = True
        start = time.monotonic()
        send(process.pid, signal.SIGTERM)
        try:
            code = await asyncio.to_thread(process.child.wait, self.settings.grace + 20)
        except subprocess.TimeoutExpired:
            send(process.pid, signal.SIGKILL)
            await asyncio.to_thread(process.child.wait)
            code = None
        self.metrics.close(process)
        return 0 if process.pid in self.crashed else code, time.monotonic() - start

    def signal(self, process: Process, number: int) -> None:
        if process.running:
            send(process.pid, number)

    def server(self, kind: str) -> RedisServer | Postgres:
        variables = self.run.variables()
        if kind == "redis":
            return RedisServer(self.run, int(variables["REDIS_PORT"]))
        return Postgres(self.run, int(variables["POSTGRES_PORT"]))

    async def end_server(self, kind: str, number: int) -> None:
        """Sends a signal to Redis or Postgres and waits until it has gone."""
        name = self.server(kind).name
        child = self.children[name]
        if child.poll() is None:
            os.kill(child.pid, number)
        await asyncio.to_thread(child.wait)

    async def strike_server(self, kind: str) -> tuple[float, str]:
        """Sends SIGKILL in the middle of a sync, if one comes within a second and the machine shows it. Returns the time, and what was seen."""
        child = self.children[self.server(kind).name]
        argv = (sys.executable, "-S", STRIKE, str(child.pid), "1")
        striker = await asyncio.create_subprocess_exec(*argv, stdout=asyncio.subprocess.PIPE)
        told = (await striker.communicate())[0].split()
        await asyncio.to_thread(child.wait)
        return float(told[0]), told[1].decode()

    async def start_server(self, kind: str) -> None:
        server = self.server(kind)
        if kind == "postgres":
            await asyncio.to_thread(server.prepare)
        starter = _Starter(self.settings, self.run, self)
        await self._start_one(starter, server)
        self.children[server.name] = starter.children[server.name]

    def limit_files(self, kind: str, size: int | None) -> None:
        """Keeps every file of the server from growing beyond `size` bytes. None lifts the limit."""
        child = self.children[self.server(kind).name]
        limit = resource.RLIM_INFINITY if size is None else size
        resource.prlimit(child.pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))

    async def add(self, kind: str) -> Process:
        """Adds a process on a free port. The caller holds its lock."""
        number = 1 + max(process.number for process in self.processes.values() if process.kind == kind)
        ports = free(2)
        process = self._add(kind, number, ports[0])
        process.port = ports[1]
        if not self.cluster:
            process.proxy.upstream = self.redis_port
        await process.lock.acquire()
        await process.proxy.start()
        await self.launch(process)
        return process

    # Watching

    async def scrape(self, process: Process) -> None:
        if process.running and process.port is not None:
            await self.metrics.scrape(process)

    def check(self) -> list[Process]:
        """Notes processes that ended although nobody asked them to, and returns them."""
        found = []
        for process in self.processes.values():
            if process.child is not None and not process.expected_end and process.child.poll() is not None:
                process.expected_end = True
                if process.pid not in self.crashed:
                    self.ended.append(f"{process.name} ended by itself with {process.child.returncode}")
                    found.append(process)
        return found

    def instances(self) -> dict[str, tuple[Process, int]]:
        """Name as a consumer -> (process, pid), of all lives that have named themselves in their logs."""
        return {
            line["instance"]: (process, line["pid"])
            for process in self.processes.values() for line in self.log_lines(process.name, "service.started")}

    def log_lines(self, name: str, event: Json) -> Iterator[Json]:
        """The lines of a log with this event."""
        mark = f'"{event}"'
        try:
            with open(self.run.log(name), encoding="utf-8", errors="replace") as file:
                for line in file:
                    if mark in line:
                        try:
                            yield json.loads(line)
                        except ValueError:
                            continue
        except OSError:
            return

    def lines(self) -> int:
        """The number of lines in all logs of services."""
        return sum(self.run.log(process.name).read_bytes().count(b"\n") for process in self.processes.values())

    def lines_between(self, process: Process, since: float, until: float) -> int:
        """The number of lines that a process has written in that time, by its own clock, without those of orders that have gone on."""
        first, last = (datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")[:23].encode() for moment in (since, until))
        start = len(b'{"time":"')
        with open(self.run.log(process.name), "rb") as file:
            file.seek(max(0, file.seek(0, 2) - TAIL))
            return sum(1 for line in file if first <= line[start:start + 23] < last and not any(event in line for event in DONE))
