#!/usr/bin/env python3
"""Works out swaps with Python's unbounded integers, independently of the engine, for random pools and amounts.

    markets.py SEED COUNT

prints COUNT lines: a kind, its inputs, a bar, the expected results; `-` stands for "cannot be done". Kinds:
    c  constant product   in x y feePpm | fee out leastIn
    p  price of a bin     step id | price
    d  bins               step B power A filter decay R maxVa va vr index last active time direction in n (id base quote)*n
                          | out fee leastIn active va vr index base quote
    s  share of a split   T x1 y1 fee1 x2 y2 fee2 | share of the first pool"""
import math
import sys
from collections.abc import Iterable, Iterator
from random import Random

LIMIT = 2**64 - 1
BINS = 443_636
NANO = 10**9


def ceil_div(a: int, b: int) -> int:
    return -(-a // b)


def constant_product(amount: int, x: int, y: int, fee_ppm: int) -> tuple[int, int]:
    fee = ceil_div(amount * fee_ppm, 10**6)
    net = amount - fee
    return fee, net * y // (x + net)


def constant_product_input(out: int, x: int, y: int, fee_ppm: int) -> int | None:
    if out == 0:
        return 0
    if out >= y:
        return None
    net = ceil_div(x * out, y - out)
    amount = ceil_div(net * 10**6, 10**6 - fee_ppm)
    return amount if net <= LIMIT and amount <= LIMIT else None


def price(step: int, id: int) -> int | None:
    """As the DLMM program: the reciprocal of a base above one, 19 bits, every product cut."""
    if id == 0:
        return 1 << 64
    base = (1 << 64) + (step << 64) // 10_000
    base = (2**128 - 1) // base
    power = 1 << 64
    exponent = abs(id)
    while exponent:
        if exponent & 1:
            power = power * base >> 64
        base = base * base >> 64
        exponent >>= 1
    if power == 0:
        return None
    return (2**128 - 1) // power if id > 0 else power


class Bins:
    """A pool of bins, walked one id after the other."""

    def __init__(self, step: int, fees: tuple[int, ...], volatility: tuple[int, int, int, int], active: int, bins: dict[int, list[int]]) -> None:
        self.step, self.active, self.bins = step, active, bins
        self.factor, self.power, self.control, self.filter, self.decay, self.reduction, self.max_va = fees
        self.va, self.vr, self.index, self.last = volatility

    def find(self, time: int) -> None:
        elapsed = max(0, time - self.last)
        if elapsed >= self.filter:
            self.index = self.active
            self.vr = self.va * self.reduction // 10_000 if elapsed < self.decay else 0
        self.last = max(self.last, time)

    def rate(self) -> int:
        self.va = min(self.vr + abs(self.index - self.active) * 10_000, self.max_va)
        variable = ceil_div(self.control * (self.va * self.step) ** 2, 10**11)
        return min(self.factor * self.step * 10 * 10**self.power + variable, 10**8)

    def ids(self, down: bool) -> Iterator[int]:
        """Moves the active bin until no bin is left that way."""
        last = min(self.bins) if down else max(self.bins)
        while self.active >= last if down else self.active <= last:
            yield self.active
            self.active += -1 if down else 1

    def filled(self, down: bool) -> Iterator[tuple[list[int], int, int, int]]:
        """Moves on like `ids`: what each bin with something to give holds, how much of it can be had, its price, and the fee's rate there."""
        for id in self.ids(down):
            rate, held = self.rate(), self.bins.get(id, [0, 0])
            if available := held[1] if down else held[0]:
                yield held, available, price(self.step, id), rate

    def max_in(self, down: bool, available: int, price: int) -> int:
        return ceil_div(available << 64, price) if down else ceil_div(available * price, 1 << 64)

    def exact_in(self, amount: int, down: bool, time: int) -> tuple[int, int] | None:
        """Returns (out, fee) and moves the pool; None where something is left."""
        self.find(time)
        total = fees = 0
        left = amount
        for held, available, bin_price, rate in self.filled(down) if left else ():
            net = self.max_in(down, available, bin_price)
            fee = ceil_div(net * rate, NANO - rate)
            if left > net + fee:
                out = available
                left -= net + fee
            else:
                fee = ceil_div(left * rate, NANO)
                net = left - fee
                out = min(net * bin_price >> 64 if down else (net << 64) // bin_price, available)
                left = 0
            total += out
            fees += fee
            held[0 if down else 1] += net
            held[1 if down else 0] -= out
            if left == 0:
                break
        return None if left else (total, fees)

    def exact_out(self, amount: int, down: bool, time: int) -> int | None:
        self.find(time)
        total = 0
        for _, available, bin_price, rate in self.filled(down):
            part = min(amount, available)
            net = self.max_in(down, part, bin_price)
            total += net + ceil_div(net * rate, NANO - rate)
            amount -= part
        return None if amount else total

    def sums(self) -> tuple[int, int]:
        return sum(b for b, _ in self.bins.values()), sum(q for _, q in self.bins.values())


def split(total: int, x1: int, y1: int, fee1: int, x2: int, y2: int, fee2: int) -> int:
    """Where both marginal prices are equal; roots and quotient cut to integers."""
    g1, g2 = 10**6 - fee1, 10**6 - fee2
    s1, s2 = math.isqrt(g1 * x1 * y1), math.isqrt(g2 * x2 * y2)
    share = (s1 * (10**6 * x2 + g2 * total) - s2 * 10**6 * x1) // (s1 * g2 + s2 * g1)
    return max(0, min(total, share))


def magnitude(random: Random, bits: int) -> int:
    return random.getrandbits(random.randint(1, bits)) or 1


def show(kind: str, inputs: Iterable[int], results: Iterable[int | None]) -> None:
    print(kind, *inputs, "|", *("-" if r is None else r for r in results))


def constant_product_case(random: Random) -> None:
    amount, x, y = (magnitude(random, 64) for _ in range(3))
    fee_ppm = random.choice([0, 1, 100, 2_500, 3_000, 10_000, random.randrange(100_001)])
    fee, out = constant_product(amount, x, y, fee_ppm)
    show("c", (amount, x, y, fee_ppm), (fee, out, constant_product_input(out, x, y, fee_ppm)))


def price_case(random: Random) -> None:
    step = random.choice([1, 4, 10, 25, 80, 100, 400, random.randint(1, 10_000)])
    id = random.randint(-BINS, BINS) if random.random() < 0.3 else random.randint(-6_000, 6_000)
    show("p", (step, id), (price(step, id),))


def pool_of_bins(random: Random) -> tuple[int, tuple[int, ...], tuple[int, int, int, int], int, dict[int, list[int]]]:
    step = random.choice([1, 2, 4, 10, 20, 25, 100, random.randint(1, 400)])
    reach = min(BINS - 200, int(20 / math.log1p(step / 10_000)))
    active = random.choice([random.randint(-100, 100), random.randint(-reach, reach)])
    count = random.randint(1, 24)
    ids = sorted(random.sample(range(active - 30, active + 31), count))
    width = random.randint(4, 56)
    bins = {}
    for id in ids:
        both = id == active or random.random() < 0.1
        base = magnitude(random, width) if both or id > active else 0
        quote = magnitude(random, width) if both or id < active else 0
        bins[id] = [base, quote]
    control = random.choice([0, 0, 1, 40_000, random.getrandbits(32)])
    periods = random.choice([(30, 600), (0, 0), (10, 120)])
    max_va = random.choice([2**32 - 1, 350_000, 0])
    factor = random.choice([0, 10_000, random.randrange(65_536)])
    fees = (factor, random.choice([0, 0, 1]), control, *periods, random.choice([0, 5_000, 10_000]), max_va)
    accumulator, reference = (random.choice([0, random.randrange(most)]) for most in (400_000, 200_000))
    volatility = (accumulator, reference, active + random.randint(-3, 3), 1_000)
    return step, fees, volatility, active, bins


def bins_case(random: Random) -> None:
    step, fees, volatility, active, bins = pool_of_bins(random)
    time = 1_000 + random.choice([0, 5, 30, 100, 600, 10_000])
    down = random.random() < 0.5
    held = sum(q if down else b for b, q in bins.values())
    held_in = sum(b if down else q for b, q in bins.values())

    def made() -> Bins:
        return Bins(step, fees, volatility, active, {id: list(held) for id, held in bins.items()})

    capacity = made().exact_out(held, down, time) or 2**40
    amount = min(random.choice([magnitude(random, 64), random.randint(1, max(1, capacity)), random.randint(1, 2 * capacity + 1)]), LIMIT)
    pool = made()
    result = pool.exact_in(amount, down, time)
    inputs = (step, *fees, *volatility, active, time, int(down), amount, len(bins), *(n for id, held in bins.items() for n in (id, *held)))
    if result is None or held_in + amount > LIMIT:
        return show("d", inputs, (None,) * 9)
    min_in = made().exact_out(result[0], down, time) if result[0] else 0
    show("d", inputs, (*result, min_in, pool.active, pool.va, pool.vr, pool.index, *pool.sums()))


def split_case(random: Random) -> None:
    total, x1, x2 = (magnitude(random, 63) for _ in range(3))
    y1, y2 = (max(1, min(LIMIT, x * random.randint(1, 10_000) // random.randint(1, 10_000))) for x in (x1, x2))
    fee1, fee2 = (random.choice([0, 2_000, 2_500, random.randrange(100_001)]) for _ in range(2))
    show("s", (total, x1, y1, fee1, x2, y2, fee2), (split(total, x1, y1, fee1, x2, y2, fee2),))


def main() -> None:
    seed, count = int(sys.argv[1]), int(sys.argv[2])
    numbers = Random(seed)
    cases = [constant_product_case, constant_product_case, bins_case, bins_case, bins_case, price_case, split_case]
    for index in range(count):
        cases[index % len(cases)](numbers)


main()
