"""Who may talk to whom by the NetworkPolicies of deploy/kubernetes, as Kubernetes reads them."""

from collections.abc import Iterator

from harness.http_client import Json
from harness.runner.settings import SERVICES

NAME, PART = "app.kubernetes.io/name", "app.kubernetes.io/part-of"
REDIS, POSTGRES = ("redis", 6379), ("postgres", 5432)
# Every pair of pods that may talk, and at which port.
WANTED = (
    {("edge", service, "http") for service in ("gateway", "router", "notifier")} | {("gateway", "edge", "internal")}
    | {(service, *REDIS) for service in SERVICES} | {(service, *POSTGRES) for service in ("gateway", "notifier")})
# What comes from other namespaces, by the label of the namespace.
FROM_OUTSIDE = (
    {("order-engine/clients", "edge", "http"), ("kubernetes.io/metadata.name", *REDIS)}
    | {("order-engine/metrics", service, "admin") for service in SERVICES})
PORTS = ("http", "internal", "admin", 53, 443, 5432, 6379)


def _labels(pod: str) -> dict[str, str]:
    return {NAME: pod} | ({PART: "order-engine"} if pod in (*SERVICES, "edge") else {})


def _selects(selector: Json, labels: dict[str, str]) -> bool:
    assert set(selector) <= {"matchLabels", "matchExpressions"}, selector
    for term in selector.get("matchExpressions", ()):
        assert term["operator"] == "In", term
        if labels.get(term["key"]) not in term["values"]:
            return False
    return selector.get("matchLabels", {}).items() <= labels.items()


def _rules(policies: dict[str, Json], pod: str, direction: str) -> Iterator[tuple[list[Json], set[object]]]:
    """The peers and ports of each rule for a pod in one direction, `Ingress` or `Egress`."""
    selecting = [policy for policy in policies.values() if _selects(policy["podSelector"], _labels(pod)) and direction in policy["policyTypes"]]
    assert selecting, f"{pod}: no policy of {direction}, so everybody may"
    for rule in (rule for policy in selecting for rule in policy.get(direction.lower(), ())):
        peers, ports = rule["from" if direction == "Ingress" else "to"], {port["port"] for port in rule["ports"]}
        assert peers and ports, f"{pod}: a rule without peers or ports is for everybody"
        yield peers, ports


def _allows(policies: dict[str, Json], pod: str, direction: str, other: str, port: object) -> bool:
    return any(
        port in ports and any("podSelector" in peer and _selects(peer["podSelector"], _labels(other)) for peer in peers)
        for peers, ports in _rules(policies, pod, direction))


def check(policies: dict[str, Json]) -> None:
    """Raises if two pods may talk that do not have to, or if two may not that have to."""
    pods = ("edge", *SERVICES, "redis", "postgres")
    pairs = [(one, two, port) for one in pods for two in pods for port in PORTS]
    sent = {(one, two, port) for one, two, port in pairs if _allows(policies, one, "Egress", two, port)}
    received = {(one, two, port) for one, two, port in pairs if _allows(policies, two, "Ingress", one, port)}
    assert sent == received == WANTED, f"too many or too few: {sent ^ WANTED} of Egress, {received ^ WANTED} of Ingress"
    outside = {
        (label, pod, port) for pod in pods for peers, ports in _rules(policies, pod, "Ingress") for peer in peers for port in ports
        for label in peer.get("namespaceSelector", {}).get("matchLabels", ())}
    assert outside == FROM_OUTSIDE, outside ^ FROM_OUTSIDE
    for pod in pods:
        for peers, ports in _rules(policies, pod, "Egress"):
            names = {53, 5353} if {"namespaceSelector": {}} in peers else set()
            assert not names or ports == names, f"{pod} may reach every pod at {ports}"
            assert not any("ipBlock" in peer for peer in peers), f"{pod} has a way out"
