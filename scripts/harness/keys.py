"""API keys for tests: the keys, and the file that has their digests."""

import hashlib
import json
import secrets
from collections.abc import Mapping
from pathlib import Path

from .http_client import Json

# name -> scopes, and perhaps the user that the key is bound to
USUAL: dict[str, tuple[list[str], str | None]] = {
    "bot": (["trade", "read"], None), "ant": (["trade", "read"], None), "alice": (["trade", "read"], "alice"), "operator": (["operate"], None)}


class Keys:
    """A file of keys in a folder, and the keys by their names."""

    def __init__(
        self, folder: Path, names: dict[str, tuple[list[str], str | None]] | None = None, limits: Mapping[str, Mapping[str, int]] | None = None
    ) -> None:
        """`limits`: name -> requestsPerSecond and ordersPerSecond, where a key has its own."""
        self.path = folder / "keys.json"
        self.texts: dict[str, str] = {}
        entries = []
        for name, (scopes, user) in (names or USUAL).items():
            raw = secrets.token_bytes(32)
            self.texts[name] = f"oek_{raw.hex()}"
            own = {"limits": limits[name]} if limits and name in limits else {}
            entries.append({"name": name, "sha256": hashlib.sha256(raw).hexdigest(), "scopes": scopes} | ({"user": user} if user else {}) | own)
        self.path.write_text(json.dumps({"keys": entries}), encoding="utf-8")

    def revoke(self, name: str) -> None:
        """Takes a key out of the file, at once for whoever reads it."""
        self._replace([entry for entry in self._entries() if entry["name"] != name])

    def expire(self, name: str) -> None:
        """Lets a key's time be over."""
        self._replace([entry | ({"expires": "2020-01-01T00:00:00Z"} if entry["name"] == name else {}) for entry in self._entries()])

    def _entries(self) -> list[Json]:
        return json.loads(self.path.read_text(encoding="utf-8"))["keys"]

    def _replace(self, entries: list[Json]) -> None:
        new = self.path.with_suffix(".new")
        new.write_text(json.dumps({"keys": entries}), encoding="utf-8")
        new.replace(self.path)

    def header(self, name: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.texts[name]}"}
