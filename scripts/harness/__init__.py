"""The Python behind `scripts/`: `runner` starts a stack, `private` gives a test a stack of its own, and the rest are the tests.

`runner`, `demo`, `tests`, `mutation` and what they import use only the standard library. The rest needs the packages of .venv."""
