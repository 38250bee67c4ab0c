"""Checks the alert rules and Grafana's dashboard."""

import json
import re
import subprocess
from collections.abc import Iterator

import yaml

from harness.http_client import Json
from harness.private import PrivateStack, until
from harness.runner.settings import ROOT

GRAFANA = ROOT / "deploy/grafana"
# Series that Prometheus itself makes of a scrape, or of the rules.
BUILT_IN = {"up": {"job", "instance"}, "ALERTS": {"alertname", "alertstate"}}
WORDS = {
    "sum", "max", "min", "avg", "count", "rate", "increase", "deriv", "absent", "histogram_quantile", "by", "without", "and", "or", "unless", "on",
    "ignoring", "offset", "bool", "le", "inf", "nan"}


def board() -> Json:
    return json.loads((GRAFANA / "dashboards/engine.json").read_text(encoding="utf-8"))


def panels(board: Json) -> Iterator[tuple[Json, Json]]:
    for panel in board["panels"]:
        for target in panel.get("targets", []):
            yield panel, target
    numbers = [panel["id"] for panel in board["panels"]]
    assert len(numbers) == len(set(numbers)), "two panels have one id"


def known(stack: PrivateStack) -> dict[str, set[str] | None]:
    """Every sample's name with the labels of its series, over all processes. The labels of a family without samples are not known."""
    found, kinds = {name: set(labels) for name, labels in BUILT_IN.items()}, {}
    for base in stack.addresses().values():
        for line in stack.text("/metrics", base).splitlines():
            if line.startswith("# TYPE "):
                _, _, name, kind = line.split()
                kinds[name] = kind
            else:
                name, _, rest = line.partition("{")
                labels = set(re.findall(r'(\w+)="', rest)) if rest else set()
                found.setdefault(name.split()[0], {"job", "instance"}).update(labels)
    for name, kind in kinds.items():
        for sample in [name] if kind != "histogram" else [f"{name}_{end}" for end in ("bucket", "sum", "count")]:
            found.setdefault(sample, None)
    return found


def names(expression: str) -> tuple[dict[str, set[str]], set[str]]:
    """The metrics of an expression, each with the labels that its selector names, and the labels that it is grouped by."""
    groups = {label for group in re.findall(r"\bby \(([^)]*)\)", expression) for label in re.split(r",\s*", group)}
    bare = re.sub(r"\b(by|on|ignoring|without) \([^)]*\)", "", expression)
    bare = bare.replace("$__rate_interval", "1m")
    metrics = {}
    for name, _, selector in re.findall(r"([a-zA-Z_:][\w:]*)(?!\w|\s*\()(\{([^}]*(?:\{0\}[^}]*)*)\})?", re.sub(r'"[^"]*"', '""', bare)):
        if name not in WORDS and not re.fullmatch(r"\d*[smhd]", name):
            metrics.setdefault(name, set()).update(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", selector))
    return metrics, groups


def dashboard(stack: PrivateStack) -> str:
    """Checks that dashboard and alerts ask only for metrics and labels that exist, and that Prometheus can evaluate the expressions."""
    source = yaml.safe_load((GRAFANA / "provisioning/datasources/prometheus.yml").read_text(encoding="utf-8"))["datasources"][0]
    metrics, used = known(stack), set()
    shown = board()
    marks = shown["annotations"]["list"]
    expressions = [(panel["title"], target["expr"], target["datasource"]["uid"]) for panel, target in panels(shown)]
    expressions += [(mark["name"], mark["expr"], mark["datasource"]["uid"]) for mark in marks]
    expressions += [(name, rule["expr"], source["uid"]) for name, rule in alerts().items()]
    for title, expression, uid in expressions:
        assert uid == source["uid"], f"{title}: there is no data source {uid}"
        wanted, groups = names(expression)
        assert wanted, f"{title}: no metric in {expression}"
        for name, labels in wanted.items():
            assert name in metrics, f"{title}: there is no metric {name}"
            used.add(re.sub("_(bucket|sum|count)$", "", name))
            alien = (labels | groups) - (metrics[name] or labels | groups)
            assert not alien, f"{title}: {name} has no label {', '.join(alien)}"
    asked = [(title, re.sub(r"\$__rate_interval", "1m", expression)) for title, expression, _ in expressions]
    quiet = {"Failures by code", "Sockets closed", "Entries claimed, lost, released", "Steps that changed nothing"}
    quiet |= {*alerts(), *(mark["name"] for mark in marks)}

    def empty() -> set[str]:
        return {title for title, expression in asked if title not in quiet and not stack.query(expression)}

    # Prometheus has a rate after its second scrape.
    until(lambda: not empty(), lambda: f"panels without data: {', '.join(sorted(empty()))}")
    return f"{len(asked)} queries over {len(used)} metrics"


FOLDER = ROOT / "deploy/prometheus"


def promtool(*arguments: str, text: str | None = None) -> str:
    done = subprocess.run(["promtool", *arguments], input=text, capture_output=True, text=True, timeout=120, check=False)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said


def alerts() -> dict[str, Json]:
    groups = yaml.safe_load((FOLDER / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


def rules() -> str:
    """promtool finds nothing wrong. Each alert has a test that fires it, a test that does not, and a place in the runbook."""
    promtool("check", "config", str(FOLDER / "prometheus.yml"))
    promtool("check", "rules", str(FOLDER / "alerts.yml"))
    promtool("test", "rules", str(FOLDER / "alerts_test.yml"))
    tried = {}
    for test in yaml.safe_load((FOLDER / "alerts_test.yml").read_text(encoding="utf-8"))["tests"]:
        for case in test["alert_rule_test"]:
            tried.setdefault(case["alertname"], set()).add(bool(case["exp_alerts"]))
    runbook = (ROOT / "docs/runbook.md").read_text(encoding="utf-8")
    for name, rule in alerts().items():
        assert tried.pop(name, set()) == {True, False}, f"{name} needs a test in which it fires and one in which it does not"
        assert f"\n### {name}\n" in runbook, f"docs/runbook.md says nothing of {name}"
        link = "{{ $externalLabels.engine_url }}" + f"/runbook.md#{name.lower()}"
        assert rule["annotations"]["runbook_url"] == link, f"{name} points elsewhere"
        assert rule["labels"]["severity"] in ("critical", "warning", "info"), name
    assert not tried, f"tests of alerts that are not there: {', '.join(tried)}"
    return f"{len(alerts())} alerts"
