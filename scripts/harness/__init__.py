"""The Python behind `scripts/`: `runner` starts a stack, `private` gives a test a stack of its own, and the rest are the tests.

`runner`, `demo`, `tests`, `mutation` and what they import use only the standard library. `bench` needs the packages
of .venv-bench, the rest those of .venv."""
