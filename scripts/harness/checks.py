"""Runs checks, and says in one line how each went."""

import inspect
import time
import traceback
from collections.abc import Callable, Iterable
from types import ModuleType

Test = Callable[..., None]


def tests_of(module: ModuleType) -> list[Test]:
    """The public functions of a module of tests, in the order of the file, without `main`."""
    own = [value for value in vars(module).values() if inspect.isfunction(value) and value.__module__ == module.__name__]
    return [function for function in own if not function.__name__.startswith("_") and function.__name__ != "main"]


def run(checks: Iterable[tuple[str, Callable[[], object]]]) -> int:
    """Runs every check. Returns the exit code: 0 if all pass."""
    results = [passes(name, check) for name, check in checks]
    return 0 if all(results) else 1


def passes(name: str, check: Callable[[], object]) -> bool:
    """Whether a check raises nothing. Prints what it returns, too."""
    begun = time.monotonic()
    try:
        said = check()
    except Exception as problem:  # noqa: BLE001 the next check may tell more
        print(f"FAILED  {name}: {type(problem).__name__}: {problem}", flush=True)
        if not isinstance(problem, AssertionError):
            traceback.print_exc()
        return False
    print(f"ok      {name} ({time.monotonic() - begun:.1f} s) {said or ''}".rstrip(), flush=True)
    return True
