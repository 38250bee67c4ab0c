"""Works out prices, keys and floors of orders with Python's unbounded integers, for random amounts. See Tests/OrdersTests/PriceOracleTests.swift.

Usage: prices.py SEED CASES. A line a case: whether the priced token is sold (1 or 0), its and the other token's decimals on the way in and out, the
amounts in and out, the price of the swap, a limit price, the least output at it, and 1 if the swap's price reaches the limit. `-` stands for nothing.
"""

import random
import sys

UNITS = 10**18
MOST = 10**38 - 1


def ceil(numerator: int, denominator: int) -> int:
    return -(-numerator // denominator)


def price(is_sale: bool, decimals: tuple[int, int], amounts: tuple[int, int]) -> int | None:
    """What a token brings, rounded down, or what it costs, rounded up."""
    (inside, outside), (paid, got) = decimals, amounts
    if paid == 0 or got == 0:
        return None
    brought, cost = got * UNITS * 10**inside // (paid * 10**outside), ceil(paid * UNITS * 10**outside, got * 10**inside)
    units = brought if is_sale else cost
    return units if 1 <= units <= MOST else None


def least_out(is_sale: bool, decimals: tuple[int, int], paid: int, limit: int) -> int | None:
    """The least output at a limit, rounded up."""
    inside, outside = decimals
    sold, bought = ceil(paid * limit * 10**outside, UNITS * 10**inside), ceil(paid * UNITS * 10**outside, limit * 10**inside)
    least = sold if is_sale else bought
    return max(1, least) if least < 2**64 else None


def text(value: int | None) -> str:
    return "-" if value is None else str(value)


def case(chance: random.Random) -> str:
    is_sale = chance.random() < 0.5
    decimals = (chance.randint(0, 18), chance.randint(0, 18))
    amounts = (chance.getrandbits(chance.randint(1, 64)), chance.getrandbits(chance.randint(1, 64)))
    units = price(is_sale, decimals, amounts)
    near = units if units and chance.random() < 0.7 else chance.randint(1, 10 ** chance.randint(1, 38) - 1)
    limit = min(MOST, max(1, near + chance.choice([-1, 0, 0, 1, chance.randint(-near, near)])))
    reached = "-" if units is None else str(int(units >= limit if is_sale else units <= limit))
    least = least_out(is_sale, decimals, amounts[0], limit)
    return " ".join([str(int(is_sale)), *map(str, decimals), *map(str, amounts), text(units), str(limit), text(least), reached])


def main() -> None:
    chance = random.Random(int(sys.argv[1]))
    for _ in range(int(sys.argv[2])):
        print(case(chance))


main()
