"""Tries docs/openapi.yaml and docs/postman_collection.json with tools that read them."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from harness.http_client import Json, ask
from harness.runner.settings import ROOT

HERE = Path(__file__).resolve().parent
SCHEMA = ROOT / "docs/openapi.yaml"


def openapi(base: str, examples: int, seed: int) -> str:
    """Runs all checks of schemathesis except those that schemathesis.toml turns off with a reason. Raises if the engine and openapi.yaml differ."""
    # A pause refuses the orders of all other checks, so it comes after them.
    said = _schemathesis(base, examples, seed, "--exclude-operation-id", "pauseDoor", "--exclude-operation-id", "growPartitions")
    try:
        # No link leads to this operation; the phase of links would call that an error.
        pause = _schemathesis(base, examples, seed, "--include-operation-id", "pauseDoor", "--phases", "examples,coverage,fuzzing")
    finally:
        ask(f"{base}/api/door/resume", "POST", {}, timeout=20)
    # More partitions than those of the example would cost all later checks time.
    growth = _schemathesis(base, examples, seed, "--include-operation-id", "growPartitions", "--phases", "examples")
    return f"{said}; pauseDoor: {pause}; growPartitions: {growth}"


def _schemathesis(base: str, examples: int, seed: int, *selection: str) -> str:
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(HERE / "schemathesis.toml"), "run", str(SCHEMA), "--url", base,
        "--max-examples", str(examples), "--seed", str(seed), "--continue-on-failure", "--no-color", *selection,
        # With more workers, threads would share a cache of Hypothesis that they must not share.
        "--workers", "1", "--request-timeout", "20", "--generation-database", "none"]
    environment = os.environ | {"SCHEMATHESIS_HOOKS": "harness.contracts.schemathesis_hooks", "PYTHONPATH": str(ROOT / "scripts")}
    done = subprocess.run(command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        lines = done.stdout.splitlines()
        start = next((index for index, line in enumerate(lines) if " FAILURES " in line or " ERRORS " in line), 0)
        raise AssertionError("\n".join(line[:400] for line in lines[start:][:200]))
    return next((line.strip() for line in done.stdout.splitlines() if line.lstrip()[:1].isdigit() and " generated" in line), "")


COLLECTION = ROOT / "docs/postman_collection.json"
FORM = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
STATUS = re.compile(r"pm\.response\.to\.have\.status\((\d+)\)")
SAVED = re.compile(r'pm\.collectionVariables\.set\("(\w+)", pm\.response\.json\(\)\.(\w+)\)')


def postman(base: str) -> str:
    """Sends all requests as Postman would. Of their tests it uses only the statuses and variables. Raises if the status of an answer differs."""
    collection = json.loads(COLLECTION.read_text())
    assert collection["info"]["schema"] == FORM
    variables = {variable["key"]: variable["value"] for variable in collection["variable"]} | {"baseUrl": base}
    names = []
    for item in _requests(collection["item"]):
        _send(item, variables)
        names.append(item["name"])
    assert len(set(names)) == len(names) and variables["orderId"], "a name twice, or no order was placed"
    return f"{len(names)} requests"


def _requests(items: list[Json]) -> Iterator[Json]:
    for item in items:
        if "item" in item:
            yield from _requests(item["item"])
        else:
            yield item


def _send(item: Json, variables: dict[str, str]) -> None:
    def filled(text: str) -> str:
        for name in re.findall(r"{{(\w+)}}", text):
            text = text.replace(f"{{{{{name}}}}}", variables[name])
        return text

    asked = item["request"]
    script = "\n".join(line for event in item["event"] if event["listen"] == "test" for line in event["script"]["exec"])
    body = asked.get("body")
    headers = {header["key"]: filled(header["value"]) for header in asked["header"]}
    answer = ask(filled(asked["url"]["raw"]), asked["method"], filled(body["raw"]) if body else None, headers, timeout=30)
    expected = [int(code) for code in STATUS.findall(script)]
    assert expected and answer.status in expected, f"{item['name']}: {answer.status} instead of {expected}: {answer.text[:300]}"
    for variable, key in SAVED.findall(script):
        variables[variable] = answer.json()[key]
