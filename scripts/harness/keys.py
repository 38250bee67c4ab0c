"""API keys for tests: the keys, and the file that has their digests."""

import hashlib
import json
import secrets
from pathlib import Path

# name -> scopes, and perhaps the user that the key is bound to
USUAL: dict[str, tuple[list[str], str | None]] = {
    "bot": (["trade", "read"], None), "ant": (["trade", "read"], None), "alice": (["trade", "read"], "alice"), "operator": (["operate"], None)}


class Keys:
    """A file of keys in a folder, and the keys by their names."""

    def __init__(self, folder: Path, names: dict[str, tuple[list[str], str | None]] | None = None) -> None:
        self.path = folder / "keys.json"
        self.texts: dict[str, str] = {}
        entries = []
        for name, (scopes, user) in (names or USUAL).items():
            raw = secrets.token_bytes(32)
            self.texts[name] = f"oek_{raw.hex()}"
            entries.append({"name": name, "sha256": hashlib.sha256(raw).hexdigest(), "scopes": scopes} | ({"user": user} if user else {}))
        self.path.write_text(json.dumps({"keys": entries}), encoding="utf-8")

    def header(self, name: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.texts[name]}"}
