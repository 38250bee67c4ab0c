"""Grafana's dashboard and the alerts ask only for metrics and labels that exist, and Prometheus can evaluate what they ask."""

import json
import re

import yaml

from .local import ROOT, until
from .rules import alerts

GRAFANA = ROOT / "deploy/grafana"
# what Prometheus itself makes of a scrape, or of the rules
BUILT_IN = {"up": {"job", "instance"}, "ALERTS": {"alertname", "alertstate"}}
WORDS = set("sum max min avg count rate increase deriv absent histogram_quantile by without and or unless on ignoring offset bool le inf nan".split())


def board():
    return json.loads((GRAFANA / "dashboards/engine.json").read_text(encoding="utf-8"))


def panels(board):
    for panel in board["panels"]:
        for target in panel.get("targets", []):
            yield panel, target
    numbers = [panel["id"] for panel in board["panels"]]
    assert len(numbers) == len(set(numbers)), "two panels have one id"


def known(stack):
    """Every sample's name with the labels that its series have, over all processes; those of a family without samples yet are not known."""
    found, kinds = {name: set(labels) for name, labels in BUILT_IN.items()}, {}
    for base in stack.processes().values():
        for line in stack.get("/metrics", base).splitlines():
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


def names(expression):
    """The metrics of an expression, each with the labels that its selector names, and the labels it is grouped by."""
    groups = {label for group in re.findall(r"\bby \(([^)]*)\)", expression) for label in re.split(r",\s*", group)}
    bare = re.sub(r"\b(by|on|ignoring|without) \([^)]*\)", "", expression)
    bare = bare.replace("$__rate_interval", "1m")
    metrics = {}
    for name, _, selector in re.findall(r"([a-zA-Z_:][\w:]*)(?!\w|\s*\()(\{([^}]*(?:\{0\}[^}]*)*)\})?", re.sub(r'"[^"]*"', '""', bare)):
        if name not in WORDS and not re.fullmatch(r"\d*[smhd]", name):
            metrics.setdefault(name, set()).update(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", selector))
    return metrics, groups


def check(stack):
    source = yaml.safe_load((GRAFANA / "provisioning/datasources/prometheus.yml").read_text(encoding="utf-8"))["datasources"][0]
    metrics, used = known(stack), set()
    dashboard = board()
    marks = dashboard["annotations"]["list"]
    expressions = [(panel["title"], target["expr"], target["datasource"]["uid"]) for panel, target in panels(dashboard)]
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
    empty = []
    until(lambda: stack.query("rate(event_loop_delay_seconds_count[1m])"), "Prometheus has no rate")
    for title, expression in asked:
        if not stack.query(expression):
            empty.append(title)
    quiet = {"Failures by code", "Sockets closed", "Entries claimed, lost, released", "Steps that changed nothing"}
    quiet |= {*alerts(), *(mark["name"] for mark in marks)}
    assert set(empty) <= quiet, f"panels without data: {', '.join(sorted(set(empty) - quiet))}"
    return f"{len(asked)} queries over {len(used)} metrics"
