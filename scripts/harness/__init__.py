"""The Python behind `scripts/`: what starts a stack (`runner`), what tests one (`private`), and the tests themselves.

Only the standard library is used by `runner`, `demo`, `tests`, `mutation` and what they import; the rest needs the packages of .venv.
"""
