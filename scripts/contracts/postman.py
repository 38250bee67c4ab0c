"""docs/postman_collection.json, run request after request as Postman would, its tests reduced to the statuses and variables that they name."""

import json
import re
import urllib.error
import urllib.request
from pathlib import Path

COLLECTION = Path(__file__).resolve().parents[2] / "docs/postman_collection.json"
SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
STATUS = re.compile(r"pm\.response\.to\.have\.status\((\d+)\)")
SAVED = re.compile(r'pm\.collectionVariables\.set\("(\w+)", pm\.response\.json\(\)\.(\w+)\)')


def run(base):
    """Raises where a request is not answered with the status that its test names."""
    collection = json.loads(COLLECTION.read_text())
    assert collection["info"]["schema"] == SCHEMA
    variables = {variable["key"]: variable["value"] for variable in collection["variable"]} | {"baseUrl": base}
    names = []
    for item in _requests(collection["item"]):
        _send(item, variables)
        names.append(item["name"])
    assert len(set(names)) == len(names) and variables["orderId"], "a name twice, or no order was placed"
    return f"{len(names)} requests"


def _requests(items):
    for item in items:
        if "item" in item:
            yield from _requests(item["item"])
        else:
            yield item


def _send(item, variables):
    def filled(text):
        for name in re.findall(r"{{(\w+)}}", text):
            text = text.replace(f"{{{{{name}}}}}", variables[name])
        return text

    asked = item["request"]
    script = "\n".join(line for event in item["event"] if event["listen"] == "test" for line in event["script"]["exec"])
    body = asked.get("body")
    request = urllib.request.Request(
        filled(asked["url"]["raw"]), filled(body["raw"]).encode() if body else None,
        {header["key"]: filled(header["value"]) for header in asked["header"]}, method=asked["method"])
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            status, text = answer.status, answer.read().decode()
    except urllib.error.HTTPError as problem:
        status, text = problem.code, problem.read().decode()
    expected = [int(code) for code in STATUS.findall(script)]
    assert expected and status in expected, f"{item['name']}: {status} instead of {expected}: {text[:300]}"
    for variable, key in SAVED.findall(script):
        variables[variable] = json.loads(text)[key]
