"""The private servers. Each writes its configuration into the run directory, so that its own command alone can start it again."""

import glob
import os
import pwd
import resource
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from harness.http_client import answers, blocking
from harness.redis_client import RedisProblem, command

from .directory import RunDirectory
from .ports import has_ipv6_loopback
from .processes import alive, identity, session, spawn
from .settings import ROOT, SERVICES, Problem

DEPLOY = ROOT / "deploy/nginx"
PROMETHEUS = ROOT / "deploy/prometheus"
CONSOLE = ROOT / "console"
START_REDIS = ROOT / "deploy/redis/start"
REDIS_SETTINGS = ROOT / "deploy/redis/engine.conf"


def program(name: str, *folders: str) -> str:
    """The path of a program, even if the caller's PATH lacks the folders of the system's programs."""
    path = os.pathsep.join([*folders, os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin", "/sbin"])
    found = shutil.which(name, path=path)
    if found is None:
        raise Problem(f"{name} is not installed; `make install` installs what is missing.")
    return found


def quoted(path: str | Path) -> str:
    """A path as it is written between the quotes of a configuration."""
    return str(path).replace("\\", "\\\\").replace('"', '\\"')


def reaches(user: pwd.struct_passwd | None, how: str, path: Path) -> bool:
    return subprocess.run(["test", how, str(path)], cwd="/", check=False, **identity(user)).returncode == 0


def half_of_the_memory() -> int:
    """A limit for Redis in bytes that leaves room for everything else.

    At three quarters of it the engine takes no new orders. Without a limit the kernel would end Redis."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2


Ports = dict[str, list[int]]  # the ports of each service's processes


class Redis:
    name = "redis-1"
    stop_signal = signal.SIGTERM

    def __init__(self, run: RunDirectory, port: int) -> None:
        self.run, self.port = run, port
        self.config = run.path / "redis.conf"

    def prepare(self) -> None:
        data = self.run.path / "redis"
        data.mkdir(exist_ok=True)
        self.run.write(self.config, f"""\
include "{quoted(REDIS_SETTINGS)}"
bind 127.0.0.1
port {self.port}
daemonize no
pidfile "{quoted(self.run.pid_file(self.name))}"
dir "{quoted(data)}"
save ""
appendonly yes
appendfsync {os.environ.get("REDIS_APPENDFSYNC") or "always"}
maxmemory {os.environ.get("REDIS_MAXMEMORY") or half_of_the_memory()}
maxmemory-policy noeviction
""")

    def variables(self) -> dict[str, str]:
        return {"REDIS_URL": f"redis://127.0.0.1:{self.port}", "REDIS_PORT": str(self.port)}

    def start(self) -> subprocess.Popen[bytes]:
        argv = [str(START_REDIS), str(self.run.path / "redis/appendonlydir"), program("redis-server"), str(self.config)]
        return spawn(argv, self.run.log(self.name))

    def healthy(self) -> bool:
        try:
            return blocking(command(self.port, "PING", timeout=1)) == b"PONG"
        except (OSError, EOFError, TimeoutError, RedisProblem):
            return False


class Postgres:
    name = "postgres-1"
    stop_signal = signal.SIGINT  # a "fast" stop: ends sessions, then writes a checkpoint

    def __init__(self, run: RunDirectory, port: int) -> None:
        self.run, self.port = run, port
        self.link = run.path / "postgres"
        self.password_file = run.path / "postgres.password"
        self.user = self._user()

    @staticmethod
    def _user() -> pwd.struct_passwd | None:
        """The user that runs Postgres, which refuses to run as root."""
        if os.geteuid() != 0:
            return None
        for name in ("postgres", "nobody"):
            try:
                return pwd.getpwnam(name)
            except KeyError:
                continue
        raise Problem("Postgres does not run as root, and there is no user postgres or nobody to run it as.")

    @staticmethod
    def program(name: str) -> str:
        versions = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[4]), reverse=True)
        return program(name, *versions)

    def _command(self, *argv: str | Path, text: str | None = None) -> None:
        with open(self.run.log(self.name), "ab") as log:
            done = subprocess.run(argv, input=text, text=True, stdout=log, stderr=log, cwd="/", check=False, **identity(self.user))
        if done.returncode != 0:
            last = "\n".join(self.run.last_lines(self.name))
            raise Problem(f"{Path(argv[0]).name} could not make the database:\n{last}")

    def _place(self) -> Path:
        """The data directory: in the run directory, or elsewhere if the user that runs Postgres cannot get there (below /root)."""
        if not reaches(self.user, "-x", self.run.path):
            folder = Path(tempfile.mkdtemp(prefix="order-engine-postgres-", dir="/var/tmp"))
            self.link.symlink_to(folder)
            return folder
        self.link.mkdir(mode=0o700)
        return self.link

    def prepare(self) -> None:
        if not (self.data / "PG_VERSION").exists():
            self.discard()
            self._own(self._place())
            self._command(
                self.program("initdb"), "-D", str(self.data), "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--auth-local=peer",
                "--auth-host=scram-sha-256")
            self._execute("CREATE ROLE engine LOGIN", "CREATE DATABASE orders OWNER engine")
        if not self.password_file.exists():
            password = secrets.token_hex(16)
            self._execute(f"ALTER ROLE engine PASSWORD '{password}'")
            self.run.write(self.password_file, password, mode=0o600)
        config = self.data / "postgresql.conf"
        self.run.write(config, f"""\
listen_addresses = '127.0.0.1'
port = {self.port}
unix_socket_directories = ''
max_connections = 200
shared_buffers = 64MB
fsync = on
synchronous_commit = on
timezone = 'UTC'
log_timezone = 'UTC'
""")
        self._own(config)
        self._unlock()
        link = self.run.path / "postgresql.conf"
        link.unlink(missing_ok=True)
        link.symlink_to(config)

    def _unlock(self) -> None:
        """Removes the lock of a server that was killed. Postgres does so itself, but takes a zombie for a living server."""
        lock = self.data / "postmaster.pid"
        try:
            pid = int(lock.read_text(encoding="ascii").split()[0])
        except (OSError, ValueError, IndexError):
            return
        if not alive(pid) and not session(pid):
            lock.unlink()

    @property
    def data(self) -> Path:
        return Path(os.path.realpath(self.link))

    def _execute(self, *statements: str) -> None:
        """Runs statements without a server, so before a client can connect."""
        argv = (self.program("postgres"), "--single", "-D", str(self.data), "-c", "log_checkpoints=off", "postgres")
        self._command(*argv, text="".join(f"{statement}\n" for statement in statements))

    def _own(self, path: Path) -> None:
        if self.user is not None:
            os.chown(path, self.user.pw_uid, self.user.pw_gid)

    def discard(self) -> None:
        """Removes the data, even if the run directory has only a link to it."""
        shutil.rmtree(self.data, ignore_errors=True)
        if self.link.is_symlink():
            self.link.unlink()
        self.password_file.unlink(missing_ok=True)

    def url(self) -> str:
        password = self.password_file.read_text(encoding="ascii")
        return f"postgresql://engine:{password}@127.0.0.1:{self.port}/orders"

    def variables(self) -> dict[str, str]:
        return {"DATABASE_URL": self.url(), "POSTGRES_PORT": str(self.port)}

    def start(self) -> subprocess.Popen[bytes]:
        return spawn([self.program("postgres"), "-D", str(self.data)], self.run.log(self.name), user=self.user)

    def healthy(self) -> bool:
        argv = [self.program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port), "-t", "1"]
        return subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0


class Nginx:
    name = "nginx-1"
    stop_signal = signal.SIGTERM

    def __init__(self, run: RunDirectory, port: int, bind: str, ports: Ports, environment: Mapping[str, str] = os.environ) -> None:
        """`ports`: the ports of each service's processes; `environment`: has the settings of the edge (EDGE_…)."""
        self.run, self.port, self.bind, self.ports, self.environment = run, port, bind, ports, environment
        self.config = run.path / "nginx.conf"
        self.warning = ""  # a sentence for who starts it

    def prepare(self) -> None:
        scratch = self.run.path / "nginx"
        scratch.mkdir(exist_ok=True)
        files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        self._apply_settings(scratch)
        settings = {name: (scratch / f"{name}.conf").read_text(encoding="utf-8") for name in ("http", "listen")}
        values = {
            "USER": self._user(), "PID": quoted(self.run.pid_file(self.name)), "SCRATCH": quoted(scratch),
            "DEPLOY": quoted(DEPLOY), "CONSOLE": quoted(CONSOLE).replace("$", "${dollar}"), "FILES": files,
            "CONNECTIONS": max(256, min(20000, files - 64)),
            "LISTEN": settings["listen"],
            "UPSTREAMS": settings["http"] + "\n    ".join(self._upstream(service) for service in SERVICES if service != "executor"),
        }
        text = (DEPLOY / "local.conf").read_text(encoding="utf-8")
        for name, value in values.items():
            text = text.replace(f"@{name}@", str(value))
        self.run.write(self.config, text)

    def _apply_settings(self, scratch: Path) -> None:
        """Writes what the settings of the environment (EDGE_…) ask of nginx."""
        listen = [f"{self.bind}:{self.port}"]
        if self.bind in ("127.0.0.1", "0.0.0.0") and has_ipv6_loopback():
            listen.append(f"[::1]:{self.port}")
        argv = ["sh", DEPLOY / "settings", scratch, scratch, *listen]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, env={**self.environment, "EDGE_BIND": self.bind})
        if done.returncode != 0:
            raise Problem(done.stderr.strip())
        self.warning = done.stdout.strip()

    def _user(self) -> str:
        """The user of nginx' workers if root starts nginx: nobody, or root if nobody cannot read the console (below /root)."""
        if os.geteuid() != 0:
            return ""
        return "user nobody nogroup;" if reaches(pwd.getpwnam("nobody"), "-r", CONSOLE / "index.html") else "user root root;"

    def _upstream(self, service: str) -> str:
        servers = " ".join(f"server 127.0.0.1:{port} max_fails=0;" for port in self.ports[service])
        return f"upstream {service} {{ {servers} keepalive 64; keepalive_timeout 5s; }}"

    def start(self) -> subprocess.Popen[bytes]:
        nginx = [program("nginx"), "-e", "stderr", "-p", str(self.run.path), "-c", str(self.config)]
        return spawn(["sh", str(DEPLOY / "run"), str(self.run.path / "nginx"), *nginx], self.run.log(self.name))

    def healthy(self) -> bool | None:
        try:
            with socket.create_connection((self.bind if self.bind != "0.0.0.0" else "127.0.0.1", self.port), timeout=1):
                return True
        except OSError:
            return False


class Prometheus:
    """Reads the metrics of every process and evaluates the alert rules. `clean` removes its data."""

    name = "prometheus-1"
    stop_signal = signal.SIGTERM

    def __init__(self, run: RunDirectory, port: int, ports: Ports, url: str = "") -> None:
        """`ports`: the ports where each service's processes show their metrics; `url`: where people reach the engine."""
        self.run, self.port, self.ports, self.url = run, port, ports, url
        self.config = run.path / "prometheus.yml"

    def prepare(self) -> None:
        jobs = [
            f"  - job_name: {service}\n    static_configs:\n      - targets: [{', '.join(f'127.0.0.1:{port}' for port in self.ports[service])}]"
            for service in SERVICES]
        text = (PROMETHEUS / "local.yml").read_text(encoding="utf-8")
        self.run.write(self.config, text.replace("@DEPLOY@", str(PROMETHEUS)).replace("@URL@", self.url).replace("@JOBS@", "\n".join(jobs)))

    def start(self) -> subprocess.Popen[bytes]:
        argv = [
            program("prometheus"), f"--config.file={self.config}", f"--storage.tsdb.path={self.run.path / 'prometheus'}",
            "--storage.tsdb.retention.time=2d", f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=warn"]
        return spawn(argv, self.run.log(self.name))

    def healthy(self) -> bool:
        return answers(f"http://127.0.0.1:{self.port}/-/ready", timeout=1)
