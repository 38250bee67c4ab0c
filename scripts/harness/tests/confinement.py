"""What a container of compose.yaml may not do, looked at from inside and from outside."""

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from harness.http_client import ask, fetched
from harness.orders import ORDER, follow, place
from harness.private import scratch
from harness.runner.settings import SERVICES
from harness.tests.compose_project import Project, call

SERVERS = ("redis", "postgres")
ANYBODY = "12345:0"  # a user that no image knows, in the group of root, as OpenShift chooses one


def _inside(project: Project, service: str, command: str, check: bool = True) -> str | None:
    return project.compose("exec", "-T", service, "sh", "-c", command, check=check)


def limited(project: Project, service: str, memory: int) -> None:
    """Checks the limits of a container, which may have at least so many bytes of memory."""
    host = json.loads(call("docker", "inspect", project.containers(service)[0]))[0]["HostConfig"]
    assert host["ReadonlyRootfs"] and host["CapDrop"] == ["ALL"] and host["SecurityOpt"] == ["no-new-privileges:true"], (service, host)
    assert host["PidsLimit"] == 256 and host["Memory"] >= memory and host["NanoCpus"] == 10 ** 9, (service, host)
    status = dict(line.split(":\t", 1) for line in _inside(project, service, "cat /proc/1/status").splitlines() if ":\t" in line)
    assert status["Uid"].split()[0] != "0" and int(status["CapEff"], 16) == 0 and status["NoNewPrivs"] == "1", (service, status)
    assert _inside(project, service, "touch /etc/x /usr/x", check=False) is None, f"{service} may write its image"


def confined(project: Project) -> None:
    for service in ("edge", *SERVICES, *SERVERS):
        limited(project, service, memory=2 ** 29)
    for secret, allowed in (("PGPASSWORD", ("gateway", "notifier")), ("DATABASE_URL", ("gateway", "notifier"))):
        told = tuple(service for service in SERVICES if _inside(project, service, f"test -n \"${secret}\"", check=False) is not None)
        assert told == allowed, f"{secret} is told to {told}"


def separated(project: Project) -> None:
    """Checks who is reached from this machine, who has a way out, and who knows the address of whom."""
    for service in ("edge", *SERVICES, *SERVERS):
        settings = json.loads(call("docker", "inspect", project.containers(service)[0]))[0]["NetworkSettings"]
        published = [bound["HostIp"] for bindings in settings["Ports"].values() for bound in bindings or ()]
        assert published == (["127.0.0.1"] if service == "edge" else []), (service, settings["Ports"])
        networks = json.loads(call("docker", "network", "inspect", *settings["Networks"]))
        open_ones = {network["Name"].rpartition("_")[2] for network in networks if not network["Internal"]}
        assert open_ones == {"edge": {"public"}, "router": {"venues"}}.get(service, set()), f"{service} has a way out: {open_ones}"
    known = {
        "edge": {"gateway", "router", "executor", "notifier"}, "gateway": {*SERVICES, "edge", *SERVERS}, "notifier": {*SERVICES, "edge", *SERVERS},
        "router": {*SERVICES, "edge", "redis"}, "executor": {*SERVICES, "edge", "redis"}, "redis": set(SERVICES), "postgres": {"gateway", "notifier"}}
    everybody = {"edge", *SERVICES, *SERVERS}
    # A name that is not there takes seconds, so all are asked for at once.
    look_up = f"for name in {' '.join(everybody)}; do {{ getent hosts $name >/dev/null && echo $name; }} & done; wait"
    with ThreadPoolExecutor() as pool:
        found = pool.map(lambda service: set((_inside(project, service, look_up) or "").split()) - {service}, known)
        for (service, others), names in zip(known.items(), found, strict=True):
            assert names == others - {service}, f"{service} reaches {names} and not {others}"


def refused(project: Project) -> None:
    for user, command in (("", "PING"), ("", "FLUSHALL"), ("--user engine", "FLUSHALL"), ("--user engine", "CONFIG SET appendonly no")):
        key = "" if user else "REDISCLI_AUTH="
        said = _inside(project, "redis", f"{key} redis-cli {user} {command} 2>&1")
        assert "NOAUTH" in said or "NOPERM" in said, (user, command, said)
    assert "A.b_c" not in _inside(project, "redis", "cat /proc/1/cmdline"), "Redis' arguments have the password"


def other_users(project: Project) -> None:
    """Starts the edge and the services anew as a user that no image knows, the edge with a certificate."""
    with scratch() as folder:
        files = ["-keyout", folder / "tls.key", "-out", folder / "tls.crt"]
        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        subprocess.run(["openssl", "req", "-x509", *curve, "-nodes", "-subj", "/CN=localhost", *files], check=True, capture_output=True, timeout=20)
        Path(folder, "tls.key").chmod(0o644)
        project.env |= {"EDGE_USER": ANYBODY, "SERVICE_USER": ANYBODY, "EDGE_TLS_DIR": str(folder), "EDGE_HSTS_MAX_AGE_S": "60"}
        project.compose("up", "--wait", "--wait-timeout", "180", seconds=240)
        for service in ("edge", *SERVICES):
            assert _inside(project, service, "id -u").strip() == "12345", service
        secure = project.base.replace("http://", "https://")
        assert (answer := ask(f"{project.base}/")).status == 308 and answer.headers["location"] == f"{secure}/", answer
        assert fetched(f"{secure}/health/ready").headers["strict-transport-security"] == "max-age=60"
        assert follow(secure, place(secure, ORDER))[-1]["status"] == "confirmed"
        project.compose("exec", "-T", "gateway", "orderctl", "lag")
