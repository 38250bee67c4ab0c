"""Checks the example of a managed Redis Cluster on Kubernetes: added to the rest, it builds, and fits the engine."""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path, PurePosixPath

import yaml

from harness.http_client import Json
from harness.runner.settings import SERVICES

from . import kubernetes

COMPONENT = "kubernetes/examples/cluster"
PORT = {"protocol": "TCP", "port": 6379}
# A configuration endpoint, signed in to, by TLS.
URL = re.compile(r"rediss\+cluster://[^:@/]+:[^:@/]+@[a-z.-]+:6379")


def _built() -> kubernetes.Found:
    """The documents of deploy/kustomization.yaml with the line that the example asks for."""
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copytree(kubernetes.FOLDER, Path(folder, "deploy"))
        with Path(copy, "kustomization.yaml").open("a", encoding="utf-8") as file:
            file.write(f"components: [{COMPONENT}]\n")
        done = subprocess.run(["kubectl", "kustomize", copy], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    return {(one["kind"], one["metadata"]["name"]): one for one in yaml.safe_load_all(done.stdout)}


def _network(policies: dict[str, Json]) -> None:
    assert "redis" not in policies, "a policy is about pods that are not there"
    outside = {
        (name, tuple(policy["podSelector"]["matchExpressions"][0]["values"])): rule["ports"]
        for name, policy in policies.items() for rule in policy.get("egress", ()) if any("ipBlock" in peer for peer in rule["to"])}
    assert outside == {("to-redis", SERVICES): [PORT]}, f"who leaves the namespace: {outside}"


def _certificates(found: kubernetes.Found, examples: kubernetes.Found) -> None:
    settings = found["ConfigMap", "engine-settings"]["data"]
    authority = PurePosixPath(settings["REDIS_TLS_CA"])
    assert authority.name in examples["ConfigMap", "redis-ca"]["data"]
    for (kind, name), document in found.items():
        if kind != "Deployment":
            continue
        pod = document["spec"]["template"]["spec"]
        volumes = [volume for volume in pod.get("volumes", ()) if volume["name"] == "redis-ca"]
        mounts = [mount for mount in pod["containers"][0].get("volumeMounts", ()) if mount["name"] == "redis-ca"]
        wanted = name in SERVICES
        assert volumes == [{"name": "redis-ca", "configMap": {"name": "redis-ca", "optional": True}}] * wanted, name
        assert mounts == [{"name": "redis-ca", "mountPath": str(authority.parent), "readOnly": True}] * wanted, name


def _scaling(found: kubernetes.Found) -> None:
    assert ("TriggerAuthentication", "redis") not in found, "a scaler signs in to Redis"
    for name, (_, group) in kubernetes.STREAMS.items():
        triggers = found["ScaledObject", name]["spec"]["triggers"]
        assert [trigger["type"] for trigger in triggers] == ["prometheus"], name
        assert f'group="{group}"' in triggers[0]["metadata"]["query"], (name, triggers)


def _secrets(examples: kubernetes.Found, plain: kubernetes.Found) -> None:
    for service in SERVICES:
        told, wanted = (some["Secret", f"{service}-secrets"]["stringData"] for some in (examples, plain))
        assert {**told, "REDIS_URL": ""} == {**wanted, "REDIS_URL": ""}, f"{service}: {told} beside {wanted}"
        assert URL.fullmatch(told["REDIS_URL"]), told["REDIS_URL"]


def check() -> str:
    if shutil.which("kubectl") is None:
        return "skipped: there is no kubectl"
    found = _built()
    examples = kubernetes.read([kubernetes.FOLDER / COMPONENT / "secrets.yaml"])
    for document in (found | examples).values():
        kubernetes.fits_schema(document)
    assert int(found["ConfigMap", "engine-settings"]["data"]["PARTITIONS"]) >= 16, "too few partitions for an even spread"
    _network(kubernetes.all_of(found, "NetworkPolicy"))
    _certificates(found, examples)
    _scaling(found)
    _secrets(examples, kubernetes.read([kubernetes.EXAMPLES / "secrets.yaml"]))
    return f"{len(found)} objects"
