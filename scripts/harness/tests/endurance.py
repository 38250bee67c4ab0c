"""Tests how the figures of overload and soak are judged, without running either."""

import sys
from decimal import Decimal

from harness.checks import run, tests_of
from harness.endurance import ledger
from harness.endurance.census import MAX_FOLLOWING, MAX_LENGTH, Key, problems
from harness.endurance.judgement import after, back_to_normal, growth, is_flat, slope
from harness.endurance.ledger import Row
from harness.endurance.traffic import MAX_REQUESTS, amount, number_of

STEADY = [(float(second), 100.0 + second % 3) for second in range(100)]
RISING = [(float(second), 100.0 + second) for second in range(100)]


def the_slope_of_a_line_is_its_own_whatever_wobbles() -> None:
    assert abs(slope(RISING) - 1) < 1e-9 and abs(slope(STEADY)) < 0.01
    assert abs(growth(RISING) - 99) < 1e-6


def fewer_than_two_moments_have_no_slope() -> None:
    assert slope([]) == slope([(1, 5)]) == slope([(1, 5), (1, 9)]) == growth([]) == 0


def what_wobbles_or_falls_is_flat_and_what_rises_is_not() -> None:
    assert is_flat(STEADY, 0.05, 0) and is_flat([(at, -value) for at, value in RISING], 0.05, 0) and is_flat([], 0, 0)
    assert not is_flat(RISING, 0.05, 0)


def a_small_rise_of_a_small_figure_is_flat() -> None:
    assert is_flat(RISING, 0.05, 100) and not is_flat(RISING, 0.05, 98)


def the_warm_up_does_not_count() -> None:
    warm = [(float(second), min(50.0, second)) for second in range(100)]
    assert not is_flat(warm, 0.05, 1) and is_flat(after(warm, 50), 0.05, 1)


def all_is_normal_from_the_step_on_after_which_nothing_is_late() -> None:
    orders = [(number / 100, 5.0 if number < 120 else 0.3) for number in range(1000)]
    assert back_to_normal(orders, 1) == 1.5
    assert back_to_normal([(at, 0.3) for at, _ in orders], 1) == 0


def a_refusal_is_not_normal_and_neither_is_what_is_late_to_the_end() -> None:
    orders: list[tuple[float, float | None]] = [(number / 100, 0.3) for number in range(1000)]
    assert back_to_normal([*orders, (4.2, None), (4.3, None)], 1) == 4.5
    assert back_to_normal([*orders, (4.2, None), (4.3, None)], 1, 0.1) == 0
    assert back_to_normal([(at, 5.0) for at, _ in orders], 1) is None and back_to_normal([], 1) is None


def what_is_normal_for_as_long_as_asked_is_normal_whatever_comes_later() -> None:
    late = {number for number in range(800) if number < 120 or 250 <= number < 260 or 600 <= number < 720}
    orders = [(number / 100, None if number in late else 0.3) for number in range(800)]
    assert back_to_normal(orders, 1) == 7.5 and back_to_normal(orders, 1, lasting=1) == 1.5
    assert back_to_normal(orders, 1, lasting=2) == back_to_normal(orders, 1, lasting=3) == 3
    assert back_to_normal(orders, 1, lasting=3.5) is None and back_to_normal([], 1, lasting=1) is None
    flapping = [(number / 100, None if number // 100 % 2 else 0.3) for number in range(800)]
    assert back_to_normal(flapping, 1, lasting=2) is None


def one_late_or_refused_order_of_a_step_is_normal() -> None:
    orders = [(number / 100, 5.0 if number % 50 == 0 else 0.3) for number in range(1000)]
    assert back_to_normal(orders, 1) == back_to_normal([(at, None if took > 1 else took) for at, took in orders], 1) == 0


def the_ledger_finds_each_kind_of_fault() -> None:
    good, other = Row("a", "confirmed", 1, 2, 3, 1), Row("c", "confirmed", 1, 2, 3, 1)
    assert not ledger.problems({1: "a"}, {2}, set(), {1: [good]}, {"a": 1})
    assert not ledger.problems({}, {2}, {1, 3}, {1: [good]}, {"a": 1})
    assert ledger.problems({}, {2}, {1}, {1: [good, other]}, {"a": 1, "c": 1}) and ledger.problems({}, {2}, {1}, {1: [good]}, {"a": 2})
    for stored, landings in (
        ({}, {}),  # lost
        ({1: [good]}, {"a": 2}),  # landed twice
        ({1: [good]}, {}),  # confirmed, and never landed
        ({1: [Row("a", "confirmed", 1, 2, 3, 2)]}, {"a": 1}),  # confirmed twice
        ({1: [Row("a", "routing", 1, None, None, 0)]}, {}),  # not at its end
        ({1: [other]}, {"c": 1}),  # another order
        ({1: [good, other]}, {"a": 1, "c": 1}),  # two orders
        ({1: [good], 2: [other]}, {"a": 1, "c": 1}),  # refused, and executed
        ({1: [good], 3: [other]}, {"a": 1, "c": 1}),  # nobody was told
        ({1: [good]}, {"a": 1, "c": 1}),  # landed, and in no record
    ):
        assert ledger.problems({1: "a"}, {2}, set(), stored, landings), (stored, landings)


def a_record_is_traced_to_its_request_by_its_amount() -> None:
    for number in (1, 7, 999_999, 1_000_000, MAX_REQUESTS):
        assert number_of(int(Decimal(f"{amount(number):.6f}").scaleb(9))) == number


def a_key_without_an_end_is_found_unless_its_kind_stays_or_is_kept() -> None:
    good = [
        Key("orders:{0}:o:1", 1000, 6), Key("orders:{0}:idem:a:b", 1000, 5), Key("orders:{0}:accepted", -1, 100), Key("orders:{0}:clock", -1, 2),
        Key("orders:{services}:clock", -1, 2), Key("orders:{services}:gateway-1", 1000, 3), Key("chain:{0}:landed", -1, 1_000_000),
        Key("chain:{0}:tx:abc", -1, 5), Key("orders:{0}:user:a", -1, 1)]
    assert not problems(good)
    for bad in (
        Key("orders:{0}:o:1", -1, 6), Key("orders:{0}:idem:a:b", -1, 5), Key("orders:{services}:gateway-1", -1, 3),
        Key("orders:{0}:accepted", -1, MAX_LENGTH + 1), Key("orders:{0}:new", 1000, 1), Key("other:clock", -1, 1)
    ):
        assert len(problems([*good, bad])) == 1, bad


def lists_of_users_whose_orders_have_gone_are_found() -> None:
    assert problems([Key(f"orders:{{0}}:user:{number}", -1, 1) for number in range(MAX_FOLLOWING + 1)])


def main(_arguments: list[str]) -> int:
    return run((test.__name__, test) for test in tests_of(sys.modules[__name__]))
