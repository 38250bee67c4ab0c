"""The alert rules: promtool finds nothing, each alert has a test that fires it and one that does not, and a place in the runbook."""

import subprocess

import yaml

from .local import ROOT

FOLDER = ROOT / "deploy/prometheus"


def promtool(*arguments, text=None):
    done = subprocess.run(["promtool", *arguments], input=text, capture_output=True, text=True, timeout=120, check=False)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said


def alerts():
    groups = yaml.safe_load((FOLDER / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


def check():
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
