internal import Orders

/// Finds the best division of an amount between two takers.
struct PairSplit {
    let first: any ShareTaker
    let second: any ShareTaker
    let time: UInt64

    /// Four steps for each bit of an amount. Only rounding is left to gain after them.
    private static let maxSteps = 256

    /// A division of the amount: the share of the first taker, and the output of both together.
    struct Division {
        let share: UInt64
        let amountOut: UInt128
    }

    /// The best division found of `total`. `start` is kept unless another one pays more. Nil if no division can be filled.
    func best(of total: UInt64, startingAt start: UInt64?) -> Division? {
        var best = [start, 0, total, total / 2].compactMap { $0 }.compactMap { evaluate($0, total) }.reduce(nil, Self.better)
        if let first = first.curve, let second = second.curve {
            let share = ConstantProductSplit(first: first, second: second).share(of: total)
            for candidate in [share, share - min(share, 1), share + min(total - share, 1)] { best = Self.better(best, evaluate(candidate, total)) }
            return best
        }
        return best.map { climb(from: $0, total) }
    }

    /// Moves the share while that pays more, in steps that are halved from half of the total down to one unit. Outputs are concave except for
    /// rounding, so a better step of the same or a smaller size is found if there is one.
    private func climb(from start: Division, _ total: UInt64) -> Division {
        var best = start
        var step = total / 2
        for _ in 0..<Self.maxSteps where step > 0 {
            let up = best.share + min(step, total - best.share)
            let down = best.share - min(step, best.share)
            let next = [up, down].compactMap { evaluate($0, total) }.reduce(best, Self.better) ?? best
            if next.amountOut == best.amountOut { step /= 2 } else { best = next }
        }
        return best
    }

    private func evaluate(_ share: UInt64, _ total: UInt64) -> Division? {
        guard let one = first.output(share, at: time), let other = second.output(total - share, at: time) else { return nil }
        return Division(share: share, amountOut: one + other)
    }

    /// The division that pays more; the left one if both pay the same.
    private static func better(_ left: Division?, _ right: Division?) -> Division? {
        guard let left else { return right }
        guard let right else { return left }
        return right.amountOut > left.amountOut ? right : left
    }
}
