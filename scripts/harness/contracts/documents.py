"""The two documents openapi.yaml and asyncapi.yaml: whether they are valid, and the validators that they give."""

import copy
import json
from pathlib import Path
from typing import Never

import yaml
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from harness.http_client import Json
from harness.runner.settings import ROOT

DOCS = ROOT / "docs"


def checked(validator: Draft202012Validator, text: str, where: str) -> Json:
    """The parsed message. Raises, with the whole message, if it is not as described."""
    message = json.loads(text)
    for error in validator.iter_errors(message):
        causes = "; ".join(f"{cause.message} at {cause.json_path}" for cause in error.context[:6])
        raise AssertionError(f"{where}: {error.message[:200]}: {causes}\n{text}")
    return message


class Documents:
    """openapi.yaml and asyncapi.yaml, read once."""

    def __init__(self, folder: Path = DOCS) -> None:
        self._files = {name: yaml.safe_load((folder / name).read_text()) for name in ("openapi.yaml", "asyncapi.yaml")}

    def check(self) -> None:
        """Raises if a document breaks the rules of its kind, or if an example of a message or request breaks its own schema."""
        validate(self._files["openapi.yaml"])
        for path, operations in self._files["openapi.yaml"]["paths"].items():
            for body in (operation["requestBody"] for operation in operations.values() if "requestBody" in operation):
                said = body["content"]["application/json"]
                for name, example in said["examples"].items():
                    self._raise_first(self._validator("openapi.yaml", said["schema"]), example["value"], f"the example {name} of {path}")
        asyncapi = self._files["asyncapi.yaml"]
        assert asyncapi["asyncapi"] == "3.0.0" and asyncapi["info"]["title"] and asyncapi["info"]["version"]
        spoken = set()
        for operation in asyncapi["operations"].values():
            assert operation["action"] in ("send", "receive")
            channel = self._at("asyncapi.yaml", operation["channel"]["$ref"])
            assert channel in asyncapi["channels"].values()
            for message in operation["messages"]:
                assert self._at("asyncapi.yaml", message["$ref"]) in channel["messages"].values(), message
                spoken.add(self._at("asyncapi.yaml", message["$ref"])["$ref"])
        assert spoken == {f"#/components/messages/{name}" for name in asyncapi["components"]["messages"]}, "a message that nobody speaks"
        for name, message in asyncapi["components"]["messages"].items():
            validator = self._validator("asyncapi.yaml", message["payload"])
            for example in message.get("examples", ()):
                self._raise_first(validator, example["payload"], f"the example of {name}")

    def sent_on(self, channel: str) -> Draft202012Validator:
        """A validator for what the server sends on a channel. It refuses keys that are not described."""
        return self._validator("asyncapi.yaml", {"anyOf": self._payloads("send", channel)})

    def event(self) -> Draft202012Validator:
        """A validator for a canonical event."""
        return self._validator("openapi.yaml", {"$ref": "#/components/schemas/Event"})

    def receivable_on(self, channel: str, payload: object) -> bool:
        """Whether a client may say this on a channel."""
        return self._validator("asyncapi.yaml", {"anyOf": self._payloads("receive", channel)}).is_valid(payload)

    def _payloads(self, action: str, channel: str) -> list[Json]:
        """The schemas of what the engine sends or receives on a channel."""
        return [
            self._at("asyncapi.yaml", self._at("asyncapi.yaml", message["$ref"])["$ref"])["payload"]
            for operation in self._files["asyncapi.yaml"]["operations"].values()
            if operation["action"] == action and operation["channel"]["$ref"] == f"#/channels/{channel}"
            for message in operation["messages"]]

    @staticmethod
    def _raise_first(validator: Draft202012Validator, value: object, what: str) -> Never:
        for error in validator.iter_errors(value):
            raise AssertionError(f"{what}: {error.message} at {error.json_path}")

    def _at(self, file: str, reference: str) -> object:
        name, _, path = reference.partition("#")
        value = self._files[name.removeprefix("./") or file]
        for part in path.strip("/").split("/"):
            value = value[part.replace("~1", "/").replace("~0", "~")]
        return value

    def _validator(self, file: str, schema: Json) -> Draft202012Validator:
        return Draft202012Validator(self._closed(self._inlined(file, schema)))

    def _inlined(self, file: str, value: object) -> object:
        if isinstance(value, list):
            return [self._inlined(file, item) for item in value]
        if not isinstance(value, dict):
            return value
        if "$ref" in value:
            name = value["$ref"].partition("#")[0].removeprefix("./") or file
            return self._inlined(name, copy.deepcopy(self._at(file, value["$ref"])))
        return {key: self._inlined(file, item) for key, item in value.items()}

    def _closed(self, schema: object) -> object:
        """A schema that refuses unknown keys. Clients ignore these, but the documents have to describe all that the engine sends."""
        if isinstance(schema, list):
            return [self._closed(item) for item in schema]
        if not isinstance(schema, dict):
            return schema
        closed = {key: item if key in ("if", "then") else self._closed(item) for key, item in schema.items()}
        if schema.get("type") == "object" and isinstance(schema.get("properties"), dict):
            closed.setdefault("additionalProperties", False)
        return closed
