"""On what, with what and how it was measured."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version

from harness.http_client import Json
from harness.runner.servers import Postgres, program
from harness.runner.settings import Settings

from .engine import settings
from .options import Options

PEER = ("fastapi", "uvicorn", "bullmq", "asyncpg", "redis", "uvloop")


def machine() -> Json:
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = next((line.partition(":")[2].strip() for line in file if line.startswith("model name")), platform.machine())
    return {
        "processor": model, "cores": len(os.sched_getaffinity(0)), "kernel": platform.release(),
        "memoryGiB": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)}


def _said(*argv: str) -> str:
    """The first line of what a program says about itself."""
    done = subprocess.run(argv, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=20)
    return done.stdout.partition("\n")[0].strip()


def versions() -> Json:
    servers = {
        "redis": _said(program("redis-server"), "--version"), "postgres": _said(Postgres.program("postgres"), "--version"),
        "nginx": _said(program("nginx"), "-v"), "wrk": _said(program("wrk"), "-v"),
        "engine": _said(Settings.read().executable("orderctl"), "--version"), "python": platform.python_version()}
    return servers | {name: version(name) for name in PEER}


def about(options: Options) -> Json:
    chosen = {
        "parts": list(options.parts), "appendfsync": list(options.syncs), "replicas": list(options.replicas), "window": options.window,
        "throughEdge": options.edge}
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"), "machine": machine(), "versions": versions(),
        "settings": {"engine": settings(), "run": chosen}}
