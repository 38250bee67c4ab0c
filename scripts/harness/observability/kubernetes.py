"""Checks the manifests for Kubernetes: each fits its schema, and together they fit one another and the engine."""

import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import jsonschema
import kubernetes_validate
import yaml

from harness.http_client import Json
from harness.runner.settings import ROOT, SERVICES

from . import network_policies

FOLDER = ROOT / "deploy"
VERSION = "1.31"
LABEL = "app.kubernetes.io/name"
# The stream and the group of each service that is scaled by lag, by the names of the pipeline.
STREAMS = {"router": ("accepted", "router"), "executor": ("routed", "executor"), "notifier": ("events", "persist")}
Found = dict[tuple[str, str], Json]  # the documents by kind and name
TEXT = {"type": "string", "minLength": 1}
NUMBER = {"type": "integer", "minimum": 1}
COUNT = {"type": "string", "pattern": "^[1-9][0-9]*$"}


def strict(required: list[str], **properties: Json) -> Json:
    return {"type": "object", "required": required, "properties": properties, "additionalProperties": False}


# The parts of KEDA's kinds that are used here. No package has KEDA's schemas.
KEDA = {
    "TriggerAuthentication": strict(
        ["secretTargetRef"], secretTargetRef={"type": "array", "items": strict(["parameter", "name", "key"], parameter=TEXT, name=TEXT, key=TEXT)}),
    "ScaledObject": strict(
        ["scaleTargetRef", "triggers"], scaleTargetRef=strict(["name"], name=TEXT), minReplicaCount=NUMBER, maxReplicaCount=NUMBER,
        pollingInterval=NUMBER, cooldownPeriod=NUMBER, fallback=strict(["failureThreshold", "replicas"], failureThreshold=NUMBER, replicas=NUMBER),
        advanced=strict(["horizontalPodAutoscalerConfig"], horizontalPodAutoscalerConfig=strict(["behavior"], behavior={"type": "object"})),
        triggers={"type": "array", "minItems": 1, "items": {"anyOf": [
            strict(
                ["type", "metadata", "authenticationRef"], type={"const": "redis-streams"}, authenticationRef=strict(["name"], name=TEXT),
                metadata=strict(["addressFromEnv", "stream", "consumerGroup", "lagCount"], addressFromEnv=TEXT, stream=TEXT, consumerGroup=TEXT,
                                lagCount=COUNT)),
            strict(
                ["type", "metadata"], type={"const": "prometheus"},
                metadata=strict(["serverAddress", "query", "threshold"], serverAddress=TEXT, query=TEXT, threshold=COUNT))]}}),
}


EXAMPLES = FOLDER / "kubernetes/examples"


def documents(kustomization: Json) -> Found:
    """Every document of every file, by kind and name. No file is left out."""
    files = {f"kubernetes/{file.name}" for file in (FOLDER / "kubernetes").glob("*.yaml")}
    assert files == set(kustomization["resources"]), f"kustomization.yaml and the folder differ: {files ^ set(kustomization['resources'])}"
    return read([FOLDER / file for file in kustomization["resources"]])


def read(files: list[Path]) -> Found:
    found = {}
    for file in files:
        for document in yaml.safe_load_all(file.read_text(encoding="utf-8")):
            key = document["kind"], document["metadata"]["name"]
            assert key not in found, f"{key} stands twice"
            found[key] = document
    return found


def fits_schema(document: Json) -> None:
    kind = document["kind"]
    if kind in KEDA:
        assert document["apiVersion"] == "keda.sh/v1alpha1"
        jsonschema.validate(document["spec"], KEDA[kind])
        behavior = document["spec"].get("advanced", {}).get("horizontalPodAutoscalerConfig", {}).get("behavior")
        if behavior:  # Kubernetes' own autoscaler
            spec = {"maxReplicas": 1, "scaleTargetRef": {"kind": "Deployment", "name": "x"}, "behavior": behavior}
            scaler = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "x"}, "spec": spec}
            kubernetes_validate.validate(scaler, VERSION, strict=True)
    else:
        kubernetes_validate.validate(document, VERSION, strict=True)


def all_of(found: Found, kind: str) -> dict[str, Json]:
    return {name: document["spec"] for (other, name), document in found.items() if other == kind}


def pods(found: Found) -> None:
    settings = found["ConfigMap", "engine-settings"]["data"]
    services, budgets = all_of(found, "Service"), all_of(found, "PodDisruptionBudget")
    deployments = all_of(found, "Deployment")
    assert set(deployments) == {*SERVICES, "edge"} == set(services) == set(budgets)
    for name, deployment in deployments.items():
        labels, pod = deployment["template"]["metadata"]["labels"], deployment["template"]["spec"]
        for selector in (deployment["selector"]["matchLabels"], services[name]["selector"], budgets[name]["selector"]["matchLabels"]):
            assert selector == {LABEL: name} and selector.items() <= labels.items(), f"{name}: {selector} selects something else"
        container = pod["containers"][0]
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            assert probe in container, f"{name} has no {probe}"
        assert container["resources"]["limits"]["memory"], name
        restricted(name, pod)
        assert not {"runAsUser", "runAsGroup"} & set(pod["securityContext"]), f"{name}: a cluster that draws users refuses a number"
        pause = int(container["lifecycle"]["preStop"]["exec"]["command"][1])
        assert pod["terminationGracePeriodSeconds"] > pause + int(settings["SHUTDOWN_GRACE_S"]), f"{name} is killed before it has finished"
        port = container["ports"][0]["containerPort"]
        assert services[name]["ports"][0]["targetPort"] == container["ports"][0]["name"] and str(port) == settings["PORT"], name
    for name in SERVICES:
        template = deployments[name]["template"]
        container = template["spec"]["containers"][0]
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        assert str(ports["admin"]) == settings["ADMIN_PORT"] == template["metadata"]["annotations"]["prometheus.io/port"], f"{name}: {ports}"
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            assert container[probe]["httpGet"]["port"] == "admin", f"{name}: at its limits it would be killed as if it were dead"
        assert container["args"] == [name] and container["image"] == "order-execution-engine", name
        assert "replicas" not in deployments[name], f"{name}: each apply would undo what the scaler has done"
        assert container["livenessProbe"]["httpGet"]["path"] == "/health/live" and container["readinessProbe"]["httpGet"]["path"] == "/health/ready"
    known = set(re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE))
    unknown = set(settings) - known - {"ORDERCTL_URL", "REDIS_ADDRESS"}
    assert not unknown, f"no service knows the settings {', '.join(unknown)}"


def restricted(name: str, pod: Json) -> None:
    """Checks that a pod asks for nothing that the pod security standard `restricted` refuses."""
    context = pod["securityContext"]
    assert context["runAsNonRoot"] is True and context["seccompProfile"]["type"] == "RuntimeDefault" and not pod["automountServiceAccountToken"], name
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod), name
    for container in pod.get("initContainers", []) + pod["containers"]:
        own = container["securityContext"]
        assert own["allowPrivilegeEscalation"] is False and own["capabilities"] == {"drop": ["ALL"]} and own["readOnlyRootFilesystem"], name
        assert not {"privileged", "procMount", "runAsUser"} & set(own) and not any("hostPort" in port for port in container.get("ports", ())), name
    kinds = {kind for volume in pod.get("volumes", ()) for kind in volume if kind != "name"}
    assert kinds <= {"configMap", "emptyDir", "secret", "projected"}, f"{name}: {kinds}"


def secrets(found: Found, examples: Found) -> None:
    """Checks that no secret is applied with the rest, and that each service is given its own and no other."""
    assert not all_of(found, "Secret"), "a Secret is a part of the kustomization"
    told = {name: document["stringData"] for (kind, name), document in examples.items() if kind == "Secret"}
    assert set(told) == {*(f"{service}-secrets" for service in SERVICES), "scaler-secrets"}, told
    for service in SERVICES:
        pod = found["Deployment", service]["spec"]["template"]["spec"]
        sources = [source["secretRef"]["name"] for container in pod["containers"] for source in container["envFrom"] if "secretRef" in source]
        assert sources == [f"{service}-secrets"] and "secretKeyRef" not in json.dumps(pod), (service, sources)
        stored = service in ("gateway", "notifier")
        assert set(told[sources[0]]) == ({"REDIS_URL", "DATABASE_URL"} if stored else {"REDIS_URL"}), service
        if stored:
            url = told[sources[0]]["DATABASE_URL"]
            assert "?sslmode=verify-full&sslrootcert=/etc/postgres-ca/ca.crt" in url, url
            assert {"name": "postgres-ca", "mountPath": "/etc/postgres-ca", "readOnly": True} in pod["containers"][0]["volumeMounts"], service
    for reference in found["TriggerAuthentication", "redis"]["spec"]["secretTargetRef"]:
        assert reference["key"] in told[reference["name"]], reference


def scaling(found: Found) -> None:
    settings = found["ConfigMap", "engine-settings"]["data"]
    scalers = all_of(found, "ScaledObject")
    assert set(scalers) == set(STREAMS)
    for name, spec in scalers.items():
        stream, group = STREAMS[name]
        assert spec["scaleTargetRef"]["name"] == name and 1 <= spec["minReplicaCount"] <= spec["fallback"]["replicas"] <= spec["maxReplicaCount"]
        wanted = {(f"orders:{{{number}}}:{stream}", group) for number in range(int(settings["PARTITIONS"]))}
        told = {(trigger["metadata"]["stream"], trigger["metadata"]["consumerGroup"]) for trigger in spec["triggers"]}
        assert told == wanted, f"{name} is scaled by {told} instead of {wanted}"
        for trigger in spec["triggers"]:
            assert trigger["metadata"]["addressFromEnv"] in settings
            assert ("TriggerAuthentication", trigger["authenticationRef"]["name"]) in found
    assert all_of(found, "HorizontalPodAutoscaler")["gateway"]["scaleTargetRef"]["name"] == "gateway"


def edge(kustomization: Json, pod: Json) -> None:
    """Checks that nginx accepts the configuration that the pod makes, in a namespace of any name."""
    files = kustomization["configMapGenerator"][0]["files"]
    text = (FOLDER / "nginx/replicas.conf").read_text(encoding="utf-8")
    root = re.search(r"root (\S+);", text)[1]
    for container in pod["initContainers"] + pod["containers"]:
        assert root in [mount["mountPath"] for mount in container["volumeMounts"]], f"{container['name']} has no console at {root}"
    source = pod["initContainers"][0]["command"][2].removesuffix("/.")
    assert f"COPY console {source}\n" in (ROOT / "Dockerfile").read_text(encoding="utf-8"), f"the image has no {source}"
    assert "!console" in (ROOT / ".dockerignore").read_text(encoding="utf-8").split(), "the console is not sent to the build"
    command = [Path(word).name for word in pod["containers"][0]["command"]]
    included = set(re.findall(r"include /etc/edge/(\S+);", text)) | set(command[1:])
    included |= set(re.findall(r'"\$here/(\w+)"', (FOLDER / "nginx/start").read_text(encoding="utf-8")))
    assert included <= {Path(file).name for file in files}, f"{included} are not all in the ConfigMap"
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    with tempfile.TemporaryDirectory() as folder:
        for file in files:
            shutil.copy(FOLDER / file, folder)
        made = Path(folder, "edge")
        subprocess.run(["sh", f"{folder}/settings", made, f"{folder}/tls", "8080", "plain", "8081"], check=True, timeout=10)
        made.joinpath("limits.conf").write_text("events {}\n", encoding="utf-8")
        upstreams = "".join(f"upstream {service} {{ server 127.0.0.1:1; }}\n" for service in ("gateway", "router", "notifier"))
        made.joinpath("upstreams.conf").write_text(upstreams, encoding="utf-8")
        text = text.replace("/tmp/", f"{folder}/").replace("/etc/edge/", f"{folder}/")
        Path(folder, "replicas.conf").write_text(text, encoding="utf-8")
        done = subprocess.run(
            [program, "-t", "-e", "stderr", "-p", folder, "-c", f"{folder}/replicas.conf"], capture_output=True, text=True, timeout=20, check=False)
        assert done.returncode == 0, done.stderr


def namespace(kustomization: Json, found: Found) -> None:
    """Checks that another namespace needs no other edit: names are resolved in the pod's own namespace, except the one that a scaler resolves."""
    assert ".svc" not in (EXAMPLES / "secrets.yaml").read_text(encoding="utf-8"), "a URL names a namespace"
    target = kustomization["replacements"][0]["targets"][0]
    assert target["select"] == {"kind": "ConfigMap", "name": "engine-settings"} and target["options"] == {"delimiter": ".", "index": 1}
    assert target["fieldPaths"] == ["data.REDIS_ADDRESS"]
    assert found["ConfigMap", "engine-settings"]["data"]["REDIS_ADDRESS"].split(".")[1] == kustomization["namespace"]
    labels = found["Namespace", kustomization["namespace"]]["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted", labels


def check() -> str:
    kustomization = yaml.safe_load((FOLDER / "kustomization.yaml").read_text(encoding="utf-8"))
    found, examples = documents(kustomization), read(sorted(EXAMPLES.glob("*.yaml")))
    for key, document in (found | examples).items():
        try:
            fits_schema(document)
        except (kubernetes_validate.ValidationError, jsonschema.ValidationError) as problem:
            raise AssertionError(f"{' '.join(key)}: {problem.message}") from None
    pods(found)
    secrets(found, examples)
    network_policies.check(all_of(found, "NetworkPolicy"))
    scaling(found)
    assert all_of(found, "Service")["edge"]["type"] == "ClusterIP"
    namespace(kustomization, found)
    edge(kustomization, found["Deployment", "edge"]["spec"]["template"]["spec"])
    return f"{len(found)} objects, {len(examples)} in examples"
