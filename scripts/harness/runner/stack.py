"""The whole stack: started in order, watched, stopped in reverse."""

import os
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator

from harness.http_client import Lost, answers, ask

from . import outside
from .directory import MARK, RunDirectory
from .ports import Reservation, taken
from .processes import Parent, end, spawn
from .servers import Nginx, Postgres, Prometheus, Redis
from .settings import ROOT, SERVICES, URLS, Problem, Settings

SETTLING = 3.0  # seconds that gateways have to find the tables of a new database
SERVER_GRACE = 20.0  # seconds that Redis, Postgres, nginx and Prometheus have to end


class Interrupted(Exception):
    """The caller asked to stop while the stack was starting."""


class Service:
    stop_signal = signal.SIGTERM

    def __init__(
        self, run: RunDirectory, settings: Settings, kind: str, number: int | str, port: int, admin: int = 0,
        variables: dict[str, str] | None = None
    ) -> None:
        """`variables`: this process' own, which override the caller's environment. `admin`: the port where Prometheus reads; 0 for none."""
        self.run, self.settings, self.kind, self.port, self.admin, self.own = run, settings, kind, port, admin, variables or {}
        self.name = f"{kind}-{number}"

    def start(self) -> subprocess.Popen[bytes]:
        variables = self.run.variables()
        environment = {key: value for key, value in os.environ.items() if not key.startswith("MAKE") and key not in ("MFLAGS", *URLS)}
        environment.setdefault("TOKENS_FILE", str(ROOT / "config/tokens.json"))
        environment.setdefault("POOLS_FILE", str(ROOT / "config/pools.json"))
        environment.setdefault("CONTRACTS_DIR", str(ROOT / "docs"))
        environment |= {
            MARK: str(self.run.path), "BIND": "127.0.0.1", "PORT": str(self.port), "ADMIN_PORT": str(self.admin),
            **{name: variables[name] for name, services in URLS.items() if self.kind in services}, **self.own}
        return spawn([self.settings.executable(self.kind)], self.run.log(self.name), environment, cwd=ROOT)

    def healthy(self) -> bool:
        return answers(f"http://127.0.0.1:{self.port}/health/ready")

    def is_degraded(self) -> bool:
        """Whether a gateway says that its engine lacks something. It does not say where it asks for an API key."""
        try:
            return ask(f"http://127.0.0.1:{self.port}/health", timeout=2).json().get("status") == "degraded"
        except Lost:
            return False


Startable = Redis | Postgres | Nginx | Prometheus | Service


class Stack:
    def __init__(self, settings: Settings, run: RunDirectory, say: Callable[[str], None]) -> None:
        self.settings, self.run, self.say = settings, run, say
        self.parent = Parent()
        self.outside = outside.named(settings.outside)  # by kind, the servers that are not this stack's own
        self.children: dict[str, subprocess.Popen[bytes]] = {}  # by name, what this command has started
        self.interrupts = 0  # how often the caller asked to stop; signal handlers write it

    # Starting

    def start(self) -> None:
        """Starts everything and returns when all is healthy. On any problem it stops what was started."""
        for service in SERVICES:
            self.settings.executable(service)
        if taken(self.settings.port, self.settings.bind):
            port = self.settings.port
            raise Problem(f"Port {port} is taken by another program; choose another, for example PORT={port + 1 if port < 65535 else 3000}.")
        if self.settings.observability and self.settings.prometheus_port and taken(self.settings.prometheus_port, "127.0.0.1"):
            raise Problem(f"Port {self.settings.prometheus_port} is taken by another program; choose another PROMETHEUS_PORT.")
        for old in (*self.run.logs.glob("*.log"), *self.run.pids.glob("*.pid")):
            old.unlink()
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self) -> None:
        for server in self.outside.values():
            self.say(f"{server.title}: outside, at {server.place} ({server.variable})")
        self.ask_outside()
        listeners = sum(self.settings.counts.values()) * (2 if self.settings.observability else 1)
        reservation = Reservation(3 + listeners, but=(self.settings.port, self.settings.prometheus_port))
        try:
            self._start_on(iter(reservation.ports))
        finally:
            reservation.release()

    def _start_on(self, ports: Iterator[int]) -> None:
        counts = self.settings.counts
        redis = self.outside.get("redis") or Redis(self.run, next(ports))
        postgres = self.outside.get("postgres") or Postgres(self.run, next(ports))
        private = [server for server in (redis, postgres) if server not in self.outside.values()]
        own = {service: [next(ports) for _ in range(counts[service])] for service in SERVICES}
        nginx = Nginx(self.run, self.settings.port, self.settings.bind, own)
        admin = {service: [next(ports) if self.settings.observability else 0 for _ in own[service]] for service in SERVICES}
        services = [
            self.service(service, number, port, probes) for service in SERVICES
            for number, (port, probes) in enumerate(zip(own[service], admin[service], strict=True), 1)]
        deadline = time.monotonic() + self.settings.start_timeout
        watchers = []
        if self.settings.observability:
            watchers.append(Prometheus(self.run, self.settings.prometheus_port or next(ports), admin, self.settings.edge_url))
        for server in (*private, nginx, *watchers):
            server.prepare()
        if nginx.warning:
            self.say(nginx.warning)
        self._write_environment((redis, postgres), services, watchers)
        for group in (private, (nginx, *watchers), services):
            for process in group:
                self._launch(process)
            self._await(group, deadline)
        self._await_edge(deadline)
        self._settle([service for service in services if service.kind == "gateway"], min(deadline, time.monotonic() + SETTLING))

    def ask_outside(self) -> None:
        """Returns when each server that is not this stack's own answers. Those of other protocols than the harness' are left to the services."""
        deadline = time.monotonic() + self.settings.start_timeout
        for server in self.outside.values():
            while server.can_ask and not server.ask():
                if time.monotonic() > deadline:
                    raise server.silence(self.settings.start_timeout)
                self._pause(0.2)

    def service(self, kind: str, number: int, port: int, admin: int = 0) -> Service:
        """One process of a service. A test of a stack may give each process variables of its own. `admin`: the port of its probes; 0 for none."""
        return Service(self.run, self.settings, kind, number, port, admin)

    def start_one(self, process: Startable) -> int:
        """Starts a process of a running stack again. On any problem the process is stopped, and counts as ended."""
        self._launch(process)
        try:
            self._await((process,), time.monotonic() + self.settings.start_timeout)
        except BaseException:
            end([self.children[process.name].pid], signal.SIGKILL, 5)
            self.children[process.name].wait()
            raise
        return 0

    def _write_environment(
        self, servers: Iterable[Redis | Postgres | outside.Outside], services: list[Service], watchers: list[Prometheus]
    ) -> None:
        variables = {name: value for server in servers for name, value in server.variables().items()}
        variables |= {"PORT": self.settings.port, MARK: self.run.path}
        if watchers:
            variables["PROMETHEUS_PORT"] = watchers[0].port
        if keys := os.environ.get("API_KEYS_FILE"):
            variables["API_KEYS_FILE"] = keys
        variables |= {f"{service.name.upper().replace('-', '_')}_PORT": service.port for service in services}
        variables |= {f"{service.name.upper().replace('-', '_')}_ADMIN_PORT": service.admin for service in services if service.admin}
        text = "".join(f"{name}={shlex.quote(str(value))}\n" for name, value in variables.items())
        self.run.write(self.run.env, text, mode=0o600)

    def _launch(self, process: Startable) -> None:
        child = process.start()
        self.children[process.name] = child
        self.run.write(self.run.pid_file(process.name), f"{child.pid}\n")

    def _await(self, group: Iterable[Startable], deadline: float) -> None:
        waiting = list(group)
        while waiting:
            self.check()
            waiting = [process for process in waiting if not process.healthy()]
            if waiting and time.monotonic() > deadline:
                names = ", ".join(process.name for process in waiting)
                raise Problem(f"Not healthy after {self.settings.start_timeout:g} s: {names}.\n{self._tail(waiting[0].name)}")
            self._pause(0.1 if waiting else 0)
        if group:
            self.say("ready: " + ", ".join(process.name for process in group))

    def _await_edge(self, deadline: float) -> None:
        while not answers(f"{self.settings.edge_url}/health/ready"):
            self.check()
            if time.monotonic() > deadline:
                raise Problem(f"The edge does not answer for the gateway.\n{self._tail('nginx-1')}")
            self._pause(0.1)

    def _settle(self, gateways: Iterable[Service], deadline: float) -> None:
        """Gives the gateways a moment to find the tables that a notifier makes in a new database. Until then they say that Postgres is down."""
        while time.monotonic() < deadline and any(gateway.is_degraded() for gateway in gateways):
            self._pause(0.1)

    def _pause(self, seconds: float) -> None:
        time.sleep(seconds)
        if self._asked_to_stop():
            raise Interrupted

    def _asked_to_stop(self) -> bool:
        return self.interrupts > 0 or self.parent.wants_to_end()

    # Watching

    def check(self) -> None:
        """Raises if a process of this stack has ended."""
        for name, child in self.children.items():
            status = child.poll()
            if status is not None:
                how = f"was killed by {signal.Signals(-status).name}" if status < 0 else f"ended with exit code {status}"
                raise Problem(f"{name} {how}. {self._tail(name)}")

    def _tail(self, name: str) -> str:
        lines = self.run.last_lines(name)
        if not lines:
            return f"Its log, {self.run.log(name)}, is empty."
        return f"The end of {self.run.log(name)}:\n" + "\n".join(f"  {line}" for line in lines)

    def watch(self) -> None:
        """Returns when asked to stop. Raises if a process ends by itself."""
        while not self._asked_to_stop():
            self.check()
            time.sleep(0.2)

    # Stopping

    def stop(self) -> bool:
        """Stops the processes that the pid files name: the services first and together, then nginx, Postgres and Redis."""
        names = self.run.names()
        services = [name for name in names if name.startswith(SERVICES)]
        servers = [name for name in reversed(names) if name not in services]
        clean = self._end(services, signal.SIGTERM, self.settings.grace + 5)
        for name in servers:
            number = signal.SIGINT if name.startswith("postgres") else signal.SIGTERM
            clean = self._end([name], number, SERVER_GRACE) and clean
        return clean

    def _end(self, names: list[str], number: int, seconds: float) -> bool:
        pids = {name: pid for name in names if (pid := self.run.pid(name)) is not None}
        killed = end(list(pids.values()), number, seconds, hurry=lambda: self.interrupts > 1)
        for name, pid in pids.items():
            child = self.children.get(name)
            status = child.wait() if child is not None and child.pid == pid else 0
            if pid in killed:
                self.say(f"{name} had not stopped and was killed")
            elif status > 0:
                self.say(f"{name} stopped with exit code {status}")
        for name in names:
            self.run.pid_file(name).unlink(missing_ok=True)
        return not killed
