"""Redis as one node or as a cluster of masters without replicas, and the engine on it."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from harness.http_client import blocking
from harness.private import PrivateStack, private_stack, scratch
from harness.redis_client import Redis, command, text
from harness.runner.ports import Reservation
from harness.runner.servers import REDIS_SETTINGS, START_REDIS, program, quoted

from .engine import STAGES, settings
from .subject import Subject

SLOTS = 16384
PARTITIONS = 16  # as `deploy/redis/cluster.env` has them for three masters
CONFIGURATION = """\
include "{settings}"
bind 127.0.0.1
port {port}
daemonize no
dir "{data}"
save ""
appendonly yes
appendfsync {sync}
{cluster}
"""
CLUSTER = """\
cluster-enabled yes
cluster-port {bus}
cluster-node-timeout 15000
"""
# What the groups have not read or not acknowledged of the partitions of one master: a script of old style may look at all of its keys.
UNFINISHED = """
local sum = {}
for place, stage in ipairs({{'accepted', 'router'}, {'routed', 'executor'}, {'events', 'persist'}}) do
  sum[place], sum[place + 3] = 0, 0
  for _, partition in ipairs(ARGV) do
    local key = 'orders:{' .. partition .. '}:' .. stage[1]
    sum[place + 3] = sum[place + 3] + redis.call('XINFO', 'STREAM', key)[12]
    for _, group in ipairs(redis.call('XINFO', 'GROUPS', key)) do
      if group[2] == stage[2] then sum[place] = sum[place] + group[6] + (group[12] or 0) end
    end
  end
end
return sum
"""


class Masters:
    """Servers of Redis: one alone, or several that share the slots out."""

    def __init__(self, folder: Path, count: int, sync: str) -> None:
        self._reservation = Reservation(2 * count)
        self.ports, buses = self._reservation.ports[:count], self._reservation.ports[count:]
        self._reservation.release()
        self.children = []
        for port, bus in zip(self.ports, buses, strict=True):
            data = folder / f"redis-{port}"
            data.mkdir()
            config = folder / f"redis-{port}.conf"
            config.write_text(CONFIGURATION.format(
                settings=quoted(REDIS_SETTINGS), port=port, data=quoted(data), sync=sync, cluster=CLUSTER.format(bus=bus) if count > 1 else ""))
            argv = [START_REDIS, data / "appendonlydir", program("redis-server"), config]
            with open(folder / f"redis-{port}.log", "wb") as log:
                self.children.append(subprocess.Popen([str(word) for word in argv], stdin=subprocess.DEVNULL, stdout=log, stderr=log))
        self._wait(lambda port: self.ask(port, "PING") == b"PONG")
        if count > 1:
            self._join(buses)

    def _join(self, buses: list[int]) -> None:
        count = len(self.ports)
        for index, port in enumerate(self.ports):
            self.ask(port, "CLUSTER", "ADDSLOTSRANGE", SLOTS * index // count, SLOTS * (index + 1) // count - 1)
            self.ask(self.ports[0], "CLUSTER", "MEET", "127.0.0.1", port, buses[index])
        self._wait(lambda port: all(
            part in text(self.ask(port, "CLUSTER", "INFO")) for part in ("cluster_state:ok", f"cluster_known_nodes:{count}")))

    @staticmethod
    def ask(port: int, *words: str | int) -> bytes:
        return blocking(command(port, *words, timeout=3))

    def _wait(self, holds: Callable[[int], bool], seconds: float = 30) -> None:
        deadline = time.monotonic() + seconds
        for port in self.ports:
            while True:
                try:
                    if holds(port):
                        break
                except (OSError, EOFError, TimeoutError):
                    pass
                assert time.monotonic() < deadline, f"Redis at port {port} did not get ready"
                time.sleep(0.1)

    @property
    def url(self) -> str:
        return f"redis{'+cluster' if len(self.ports) > 1 else ''}://" + ",".join(f"127.0.0.1:{port}" for port in self.ports)

    def partitions(self, port: int) -> list[int]:
        """Those that a server has."""
        if len(self.ports) == 1:
            return list(range(PARTITIONS))
        index = self.ports.index(port)
        low, high = SLOTS * index // len(self.ports), SLOTS * (index + 1) // len(self.ports)
        return [number for number in range(PARTITIONS) if low <= int(self.ask(port, "CLUSTER", "KEYSLOT", str(number))) < high]

    def stop(self) -> None:
        for child in self.children:
            child.kill()
            child.wait()


class EngineOn(Subject):
    """The engine on one or several servers of Redis."""

    def __init__(self, stack: PrivateStack, masters: Masters) -> None:
        self.name = f"{len(masters.ports)} master{'s' if len(masters.ports) > 1 else ''}"
        super().__init__(masters.ports[0], stack.run.variables()["DATABASE_URL"])
        self.nodes = [Redis(port) for port in masters.ports]
        self._partitions = [masters.partitions(port) for port in masters.ports]
        pids = stack.pids()
        kinds = ("postgres", "nginx", "gateway", "router", "executor", "notifier")
        self.processes = {kind: [pid for name, pid in pids.items() if name.startswith(kind)] for kind in kinds}
        self.processes["redis"] = [child.pid for child in masters.children]
        self.posts = [("127.0.0.1", urlsplit(url).port) for url in stack.addresses("gateway").values()]
        self._events_an_order = 1.0

    async def __aexit__(self, *problem: object) -> None:
        for node in self.nodes:
            node.close()
        await super().__aexit__(*problem)

    async def _sums(self) -> list[int]:
        """Unfinished entries of each stage, then entries that were ever added."""
        sums = [0] * (2 * len(STAGES))
        for node, partitions in zip(self.nodes, self._partitions, strict=True):
            for place, number in enumerate(await node.once("EVAL", UNFINISHED, 0, *partitions)):
                sums[place] += number
        return sums

    async def backlog(self) -> float:
        accepted, routed, events, *_ = await self._sums()
        return accepted + routed + events / self._events_an_order

    async def calibrate(self) -> None:
        *_, orders, _, events = await self._sums()
        self._events_an_order = events / orders

    async def confirmed(self) -> int:
        return await self.value("SELECT count(*) FROM order_rows WHERE status = 'confirmed'")

    async def info(self, section: str) -> dict[str, str]:
        """Of all servers together; numbers are added up."""
        whole: dict[str, str] = {}
        for node in self.nodes:
            answer = (await node.once("INFO", section)).decode()
            for name, value in (line.split(":", 1) for line in answer.splitlines() if ":" in line):
                whole[name] = str(int(whole.get(name, "0")) + int(value)) if value.isdigit() else value
        return whole


@contextmanager
def engine_on(masters: int, sync: str, replicas: int) -> Iterator[EngineOn]:
    """Starts an engine on so many servers of Redis, lends it, and removes all of it."""
    counts = {f"{service.upper()}S": str(replicas) for service in ("gateway", "router", "executor", "notifier")}
    with scratch() as folder:
        servers = Masters(folder, masters, sync)
        try:
            with private_stack(REDIS_URL=servers.url, PARTITIONS=str(PARTITIONS), **(settings() | counts)) as stack:
                yield EngineOn(stack, servers)
        finally:
            servers.stop()
