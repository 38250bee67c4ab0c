"""Tests how micro-benchmarks are read and compared, without running one."""

import sys
from pathlib import Path

from harness.checks import run, tests_of
from harness.micro.baseline import Baseline, judged, load, save
from harness.micro.callgrind import Counts, parsed
from harness.micro.cases import NAMES
from harness.private import scratch
from harness.runner.settings import Problem

TOOLS = {"architecture": "x86_64", "compiler": "6.3", "libc": "glibc 2.36"}
BEFORE = Baseline(TOOLS, {"fold": Counts(1000, 20), "quote": Counts(500, 0)})
PROFILE = """\
events: Ir

fn=swift_slowAlloc
cfn=malloc
calls=3 0x1 0
0x10 60
cfn=free
calls=9 0x1 0
0x11 90
fn=main
cfn=posix_memalign
calls=2 0x1 0
0x12 40

totals: 12345
"""


def _judged(fold: Counts, quote: Counts = BEFORE.cases["quote"], **tools: str) -> tuple[list[str], list[str]]:
    verdict = judged(Baseline(TOOLS | tools, {"fold": fold, "quote": quote}), BEFORE)
    return verdict.problems, verdict.notes


def the_total_and_all_calls_of_an_allocator_are_read() -> None:
    assert parsed(PROFILE.splitlines()) == Counts(12345, 5)


def a_profile_without_a_total_is_a_problem() -> None:
    try:
        parsed(["events: Ir"])
    except Problem:
        return
    raise AssertionError("it was read")


def the_start_of_a_run_cancels_out() -> None:
    start, each, count = 10_000, 7, 100
    runs = [Counts(start + each * number, number) for number in (count, 2 * count)]
    assert (runs[1] - runs[0]).each(count) == Counts(7, 1)


def five_per_cent_more_is_no_failure() -> None:
    assert _judged(Counts(1050, 21)) == ([], [])


def more_than_five_per_cent_is_a_failure_of_that_case_alone() -> None:
    problems, notes = _judged(Counts(1051, 20))
    assert problems == ["fold takes 1,051 instructions an operation, 5.1% more than the 1,000 of the baseline."] and not notes, problems


def allocations_have_the_same_bound() -> None:
    problems, _ = _judged(Counts(1000, 22))
    assert len(problems) == 1 and "22 allocations" in problems[0], problems


def a_first_allocation_is_a_failure() -> None:
    problems, _ = _judged(BEFORE.cases["fold"], Counts(500, 1))
    assert len(problems) == 1 and "in the baseline it takes none" in problems[0], problems


def less_than_the_baseline_asks_for_a_new_one_and_passes() -> None:
    problems, notes = _judged(Counts(900, 20))
    assert not problems and len(notes) == 1 and "10.0% less" in notes[0] and "--write" in notes[0], notes


def another_compiler_widens_the_bound_and_is_named() -> None:
    problems, notes = _judged(Counts(1200, 20), compiler="6.4")
    assert not problems and len(notes) == 1 and "compiler 6.3 (here 6.4)" in notes[0], notes
    problems, _ = _judged(Counts(1260, 20), compiler="6.4")
    assert len(problems) == 1, problems


def another_processor_is_not_compared() -> None:
    problems, notes = _judged(Counts(9000, 20), architecture="aarch64")
    assert not problems and len(notes) == 1 and "nothing is checked" in notes[0], notes


def a_case_without_a_figure_and_a_figure_without_a_case_are_failures() -> None:
    verdict = judged(Baseline(TOOLS, {"fold": Counts(1000, 20), "new": Counts(1, 1)}), BEFORE)
    assert len(verdict.problems) == 2 and "new has no figure" in verdict.problems[0] and "a figure of quote" in verdict.problems[1], verdict
    assert not judged(Baseline(TOOLS, {"fold": Counts(1000, 20)}), BEFORE, whole=False).problems


def without_a_baseline_the_check_fails() -> None:
    assert "There is no baseline" in judged(BEFORE, None).problems[0]
    assert load(Path("/nonexistent/baseline.json")) is None


def a_baseline_that_was_written_is_read_as_it_was() -> None:
    with scratch() as folder:
        save(BEFORE, folder / "baseline.json")
        assert load(folder / "baseline.json") == BEFORE


def the_committed_baseline_has_a_figure_of_each_case() -> None:
    assert set(load().cases) == set(NAMES)


def main(_arguments: list[str]) -> int:
    return run((test.__name__, test) for test in tests_of(sys.modules[__name__]))
