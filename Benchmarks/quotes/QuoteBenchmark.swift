import Glibc
import Markets
import Orders
import PaperMarket

/// What a quote of all venues costs: `swift run -c release quote-benchmark`, from the root of the repository.
///
/// The pools of `config/pools.json`, moved by the market as routers see it: a quote over the pools as they were last worked out, and one that
/// has to move them first, as the first one of each 50 ms does; and what `ROUTING=split` adds to it. Exits
/// with 1 where a quote of both venues takes 50 µs of CPU or more.
@main
struct QuoteBenchmark {
    private static let rounds = 20_000
    private static let maxWorst: UInt64 = 50_000

    static func main() throws {
        let tokens = try TokenList(bytes: read("config/tokens.json"))
        let pools = try PoolList(bytes: read("config/pools.json"), tokens: tokens)
        guard let sol = tokens.lookup("SOL"), let usdc = tokens.lookup("USDC") else { return print("config/tokens.json has no SOL or no USDC") }
        let market = LivingMarket(walk: PriceWalk(seed: 7, volatilityBps: 10), halfLife: 5000)
        let flow = PoolFlow(base: 1_000_000_000, time: 0)
        let listed = pools.dexes.map { pools.pools(dex: $0, from: sol, to: usdc) }
        let moved = listed.map { $0.map { market.pool($0, after: flow, at: 1000) } }
        var worst: UInt64 = 0
        for whole in [UInt64(1), 100] {
            let amount = BaseUnits(whole * 1_000_000_000)
            func quote(_ venues: [[Pool]]) -> UInt64 {
                venues.reduce(0) { sum, pools in
                    let quote = try? PoolQuoter.bestQuote(
                        amountIn: amount, pools: pools, middles: pools.isEmpty ? [] : [usdc], from: sol, to: usdc, slippageBps: 100)
                    return sum &+ (quote?.amountOut.value ?? 0)
                }
            }
            let still = measure { _ in quote(moved) }
            let moving = measure { time in quote(listed.map { $0.map { market.pool($0, after: flow, at: UInt64(time)) } }) }
            let dividing = measure { _ in
                SplitPlan(amount, pools: moved.flatMap { $0 }, from: sol, to: usdc, slippageBps: 100)?.amountOut.value ?? 1
            }
            print("\(whole) SOL to USDC on \(listed.count) venues: \(still) ns, with the pools moved first \(moving) ns, divided \(dividing) ns")
            worst = max(worst, still, moving)
        }
        if worst >= maxWorst { exit(1) }
    }

    /// CPU time of one run, in ns.
    private static func measure(_ body: (Int) -> UInt64) -> UInt64 {
        var sum: UInt64 = 0
        for round in 0..<1000 { sum &+= body(round) }
        let start = processorTime
        for round in 0..<rounds { sum &+= body(round) }
        let spent = processorTime - start
        // What is never read might never be computed.
        precondition(sum > 0)
        return spent / UInt64(rounds)
    }

    private static var processorTime: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    private static func read(_ path: String) -> [UInt8] {
        guard let file = fopen(path, "r") else { return [] }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        return Array(bytes[..<fread(&bytes, 1, bytes.count, file)])
    }
}
