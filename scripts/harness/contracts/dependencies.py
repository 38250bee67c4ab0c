"""Whether docs/dependencies.md names everything that the project installs or runs."""

import re

from harness.runner.settings import ROOT


def _text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def _packages() -> set[str]:
    """What scripts/install gets from the distribution, from PyPI, and what it installs by name."""
    text = _text("scripts/install")
    words = {word for array in re.findall(r"\b(?:PACKAGES|OPTIONAL)=\(([^)$]*)\)", text) for word in array.split()}
    python = {name for array in re.findall(r"wanted=\(([^)]*)\)", text) for name in re.findall(r"'([\w-]+)[<>=]", array)}
    assert "libuv1-dev" in words and "chromium" in words and "websockets" in python, "scripts/install is written in another way"
    return words | python | set(re.findall(r'install [^"\n]*"(\w+)==\$wanted"', text))


def _images() -> set[str]:
    """The packages of the Dockerfile, and the images that it and compose.yaml begin with."""
    docker = _text("Dockerfile")
    lists = re.findall(r"apt-get install -y --no-install-recommends \\\n((?:\s+[\w.-]+.*\n)+?)\s+&&", docker)
    assert len(lists) == docker.count("apt-get install"), "the Dockerfile is written in another way"
    images = re.findall(r"_IMAGE(?:=|:-)([\w./-]+):", docker + _text("compose.yaml"))
    assert {"swift", "nginx", "grafana/grafana"} <= set(images), images
    return {word for text in lists for word in re.findall(r"[a-z][\w.-]+", text)} | set(images)


def check() -> str:
    wanted = _packages() | _images() | set(re.findall(r"^([\w-]+)==", _text("Benchmarks/peer/requirements.txt"), re.MULTILINE))
    named = {word for row in re.findall(r"^\|.*$", _text("docs/dependencies.md"), re.MULTILINE) for word in re.findall(r"`([^`]+)`", row)}
    assert wanted <= named, f"docs/dependencies.md does not name {', '.join(sorted(wanted - named))}"
    return f"{len(wanted)} packages and images"
