"""Checks what the formatters leave alone: line lengths everywhere, and spaces and imports of the console. scripts/lint runs it in the root folder."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

CODE, CONSOLE = (".swift", ".lua", ".sql", ".c", ".h", ".py", ""), (".html", ".css", ".js", ".svg")


def problems(file: Path, suffixes: tuple[str, ...]) -> Iterator[str]:
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if len(line) > 150:
            yield f"{file}:{number}: longer than 150 columns"
        if suffixes is CONSOLE and (line != line.rstrip() or "\t" in line):
            yield f"{file}:{number}: a tab, or a space at the end"
        for module in re.findall(r'from "(\./[^"]+)"', line) if suffixes is CONSOLE else ():
            if not (file.parent / module).is_file():
                yield f"{file}:{number}: there is no {module}"


folders = dict.fromkeys(("Sources", "services", "tools", "database", "Tests", "Benchmarks", "scripts"), CODE) | {"console": CONSOLE}
# What was recorded is kept as it was.
RECORDS = Path("Tests/Oracles")
files = (
    (file, suffixes) for name, suffixes in folders.items() for file in sorted(Path(name).rglob("*"))
    if file.suffix in suffixes and RECORDS not in file.parents)
sys.exit("\n".join(problem for file, suffixes in files if file.is_file() for problem in problems(file, suffixes)) or None)
