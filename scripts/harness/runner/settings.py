"""What the caller's environment says about the stack."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
SERVICES = ("gateway", "router", "executor", "notifier")
# The variables that name a Redis and a Postgres, and the services that get them. Each URL may have a password.
URLS = {"REDIS_URL": SERVICES, "DATABASE_URL": ("gateway", "notifier")}


class Problem(Exception):
    """A problem that the caller can put right. Its text is one clear sentence."""


@dataclass(frozen=True)
class Settings:
    """Everything that the environment can set, checked once."""

    run_dir: Path
    bin_dir: Path
    port: int
    bind: str  # where the edge listens
    counts: dict[str, int]  # service -> number of processes
    grace: float  # seconds that a service has to end after SIGTERM
    start_timeout: float  # seconds in which everything has to become healthy
    observability: bool = False  # whether Prometheus runs beside the engine
    prometheus_port: int = 0  # 0: any free port
    tls: bool = False  # whether the edge has a certificate
    outside: dict[str, str] = field(default_factory=dict, repr=False)  # REDIS_URL and DATABASE_URL, where a server of the caller's is used

    @staticmethod
    def read(environment: Mapping[str, str] = os.environ) -> "Settings":
        def number(name: str, default: int, min_value: int, max_value: int) -> int:
            text = environment.get(name) or str(default)
            if not text.isdigit() or not min_value <= int(text) <= max_value:
                raise Problem(f"{name} is a whole number from {min_value} to {max_value}, not '{text}'.")
            return int(text)

        def switch(name: str) -> bool:
            text = environment.get(name) or "0"
            if text not in ("0", "1"):
                raise Problem(f"{name} is 0 or 1, not '{text}'.")
            return text == "1"

        def path(name: str, default: str) -> Path:
            return Path(os.path.abspath(os.path.expanduser(environment.get(name) or ROOT / default)))

        return Settings(
            run_dir=path("RUN_DIR", ".run"),
            bin_dir=path("STACK_BIN", ".build-release/release"),
            port=number("PORT", 3000, 1, 65535),
            bind=environment.get("EDGE_BIND") or "127.0.0.1",
            counts={service: number(f"{service.upper()}S", 1, 1, 64) for service in SERVICES},
            grace=number("SHUTDOWN_GRACE_S", 15, 1, 3600),
            start_timeout=number("START_TIMEOUT_S", 60, 1, 3600),
            observability=switch("OBSERVABILITY"),
            prometheus_port=number("PROMETHEUS_PORT", 0, 0, 65535),
            tls=bool(environment.get("EDGE_TLS_CERT")),
            outside={name: url for name in URLS if (url := environment.get(name, "").strip())},
        )

    @property
    def edge_url(self) -> str:
        """Where this machine's programs reach the edge."""
        host = "localhost" if self.bind in ("127.0.0.1", "0.0.0.0") else self.bind
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}"

    def executable(self, service: str) -> str:
        file = self.bin_dir / service
        if not os.access(file, os.X_OK):
            raise Problem(f"There is no executable {file}; build it with `make build`, or say where it is with STACK_BIN.")
        return str(file)
