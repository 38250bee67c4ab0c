"""Checks that compose.yaml is valid with each of its profiles, and that the engine then uses the Redis that is started."""

import json
import shutil
import subprocess
from pathlib import Path

from harness.http_client import Json
from harness.runner.settings import ROOT, SERVICES

# The servers that each file of settings starts, and the scheme of the engine's URL then. None is compose.yaml without one.
LAYOUTS = {
    None: ({"redis"}, "redis"),
    "cluster": ({"redis-cluster", *(f"redis-{number}" for number in range(1, 7))}, "redis+cluster"),
    "sentinel": ({"redis-a", "redis-b", *(f"redis-sentinel-{number}" for number in range(1, 4))}, "redis+sentinel"),
}


def _services(*options: str) -> dict[str, Json]:
    command = ["docker", "compose", *options, "config", "--format", "json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["services"]


def _layout(name: str | None) -> None:
    services = _services(*(["--env-file", f"deploy/redis/{name}.env"] if name else ["--env-file", "/dev/null"]))
    servers, scheme = LAYOUTS[name]
    started = {service for service, one in services.items() if service.startswith("redis") and one.get("scale", 1) > 0}
    assert started == servers, f"{name} starts {started}"
    for service in SERVICES:
        url = services[service]["environment"]["REDIS_URL"]
        assert url.startswith(f"{scheme}://engine:"), f"{name}: {service} uses {url}"
        named = {host.partition(":")[0] for host in url.partition("@")[2].partition("/")[0].split(",")}
        assert named <= started, f"{name}: {service} asks for {named - started}"
        waits = set(services[service]["depends_on"]) & started
        assert waits, f"{name}: {service} waits for no Redis"
    for server in started:
        one = services[server]
        assert one["read_only"] and one["cap_drop"] == ["ALL"] and one["pids_limit"] and one["mem_limit"] and not one.get("ports"), (server, one)
        assert one["security_opt"] == ["no-new-privileges:true"] and one["user"] == "redis", (server, one)


def _dashboards() -> None:
    services = _services("--profile", "observability")
    for name in ("prometheus", "grafana"):
        tag = services[name]["image"].partition(":")[2]
        assert tag and tag != "latest", f"the image of {name} has no tag"
        for volume in services[name]["volumes"]:
            assert volume["type"] != "bind" or Path(volume["source"]).exists(), f"{name}: {volume['source']} is not there"


def check() -> str | None:
    if shutil.which("docker") is None or subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode != 0:
        return "skipped: there is no docker compose"
    for layout in LAYOUTS:
        _layout(layout)
    _dashboards()
    return None
