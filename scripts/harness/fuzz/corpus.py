"""The kept inputs of a target: one file, a line each. Printable ASCII as it is, any other byte as \\xHH, and two backslashes for one.

Inputs that were not borne once are in a file of the same name in `Regressions`. They are never left out.
"""

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

from harness.runner.settings import ROOT

FOLDER = ROOT / "Tests/FuzzTests/Corpus"
# How much of each target is kept, and how long an input may be.
MAX_BYTES, MAX_INPUT = 24_000, 3_000
_SPECIAL = re.compile(rb"\\x([0-9a-f]{2})|\\\\")
_WORD = re.compile(rb"[A-Za-z0-9_-]{3,40}")


def names() -> list[str]:
    return sorted(file.stem for file in FOLDER.glob("*.txt"))


def line(data: bytes) -> str:
    return "".join("\\\\" if byte == 0x5C else chr(byte) if 0x20 <= byte <= 0x7E else f"\\x{byte:02x}" for byte in data)


def data(text: str) -> bytes:
    return _SPECIAL.sub(lambda found: bytes.fromhex(found[1].decode()) if found[1] else b"\\", text.encode())


def inputs(name: str) -> list[bytes]:
    files = [FOLDER / f"{name}.txt", FOLDER / "Regressions" / f"{name}.txt"]
    return [data(text) for file in files if file.exists() for text in file.read_text(encoding="ascii").splitlines() if text]


def unpack(name: str, folder: Path) -> None:
    """Writes each input to a file of its own, as libFuzzer reads them."""
    folder.mkdir(parents=True, exist_ok=True)
    for content in inputs(name):
        (folder / hashlib.sha256(content).hexdigest()[:32]).write_bytes(content)


def save(name: str, found: Iterable[bytes]) -> int:
    """Keeps these inputs, or as many of them as there is room for: some of each size. Returns how many."""
    lines = [line(content) + "\n" for content in sorted(set(found) - {b""}, key=lambda content: (len(content), content), reverse=True)]
    short = [text for text in lines if len(text) <= MAX_INPUT]
    chosen = next(kept for step in range(1, len(short) + 2) if sum(map(len, kept := short[::step])) <= MAX_BYTES)
    (FOLDER / f"{name}.txt").write_text("".join(sorted(chosen)), encoding="ascii")
    return len(chosen)


def dictionary(name: str, file: Path) -> None:
    """Writes the words of the inputs, which libFuzzer then puts into others."""
    words = sorted({word for content in inputs(name) for word in _WORD.findall(content)})
    file.write_text("".join(f'"{word.decode()}"\n' for word in words), encoding="ascii")
