import JSON
import TestSupport
import Testing

@testable import Orders

/// A split order: 1 of 1.5 SOL at Raydium and 0.5 at Meteora.
@Suite
struct ChosenRouteTests {
    private static func quote(_ dex: String, _ amountIn: UInt64, _ amountOut: UInt64, fee: String = "25", impact: String = "0.0100") -> Quote {
        Quote(
            dex: dex, pool: "pool-\(dex)", amountIn: BaseUnits(amountIn), amountOut: BaseUnits(amountOut),
            minReceived: BaseUnits(amountOut - 1_000_000), feeBps: fee, priceImpactPct: impact, inputDecimals: 9, outputDecimals: 6)
    }

    private static let small = quote("meteora", 500_000_000, 72_700_000, fee: "4", impact: "0.0400")
    private static let large = quote("raydium", 1_000_000_000, 145_500_000)
    private let split = ChosenRoute([small, large], of: Samples.order, after: nil)

    @Test func `the whole is what its parts add up to, fee and impact by what goes in, the largest part first`() {
        #expect(split.quote.dex == "raydium+meteora" && split.quote.pool == "pool-raydium,pool-meteora")
        #expect(split.quote.amountIn == Samples.order.amountIn && split.quote.amountOut == BaseUnits(218_200_000))
        #expect(split.quote.minReceived == BaseUnits(216_200_000) && split.quote.amountOutDecimal == "218.2")
        #expect(split.quote.price == "145.466666667")
        // (4 · 0.5 + 25 · 1) / 1.5 and (0.04 · 0.5 + 0.01 · 1) / 1.5
        #expect(split.quote.feeBps == "18" && split.quote.priceImpactPct == "0.0200")
        #expect(split.isSplit && split.legs.map(\.number) == [0, 1] && split.open == split.legs)
    }

    @Test func `stored numbers at their extremes are read or refused, and what follows from them does not overflow`() throws {
        let largest = Self.quote("raydium", .max, .max, fee: "1e14", impact: "1e15")
        let both = Quote(joining: [largest, largest, largest], inputDecimals: 0, outputDecimals: 18)
        #expect(both.amountIn == BaseUnits(.max) && both.minReceived == BaseUnits(.max))
        let legs = (0..<2).map { OrderLeg($0, largest).landed(BaseUnits(.max), of: Samples.usdc) }
        let route = ChosenRoute(legs.map(\.quote), of: Samples.order, after: nil).changing([0: legs[0], 1: legs[1]])
        #expect(route.openAmount(of: Samples.order) == BaseUnits(0))
        #expect(route.filled(of: Samples.order)?.amountOut == BaseUnits(.max))
        let number = #""leg":1"#
        for text in [String(Int.max), "1000001", "-1", "0"] {
            let members = route.members.split(separator: number, omittingEmptySubsequences: false).joined(separator: #""leg":\#(text)"#)
            #expect(throws: RecordError.self) { try ChosenRoute(members: members) }
        }
        #expect(throws: RecordError.self) { try ChosenRoute(members: #""quote":\#(largest.json),"legs":[]"#) }
        for attempt in [Int.min, 0, 1, 2, 3, 4, Int.max] {
            #expect((75...90).contains(Progress.submitted(attempt: attempt)))
            var random = SeededGenerator(seed: 1)
            let policy = RetryPolicy(baseMilliseconds: .max, jitterPerMille: .max)
            #expect(policy.delay(afterAttempt: attempt, random: &random) == 1 << 48)
        }
    }

    @Test func `two pools of one venue are one venue`() {
        let both = Quote(joining: [Self.large, Self.large], inputDecimals: 9, outputDecimals: 6)
        #expect(both.dex == "raydium" && both.pool == "pool-raydium,pool-raydium")
    }

    @Test func `an order that is not split shows no legs, and has one`() throws {
        let whole = ChosenRoute(Self.large)
        #expect(!whole.isSplit && whole.legs == [OrderLeg(0, Self.large)] && whole.quote == Self.large)
        #expect(whole.members == #""chosenDex":"raydium","quote":\#(Self.large.json)"#)
        #expect(try ChosenRoute(members: whole.members) == whole)
        #expect(ChosenRoute([Self.large], of: Samples.order, after: nil) == whole)
    }

    @Test func `what has landed stays, and the rest is quoted under new numbers`() throws {
        let landed = split.legs[0].submitted("a").landed(BaseUnits(72_000_000), of: Samples.usdc)
        let settled = split.changing([0: landed, 1: split.legs[1].failed()])
        #expect(settled.landed.map(\.number) == [0] && settled.open.map(\.number) == [1] && settled.open[0].status == .failed)
        #expect(settled.openAmount(of: Samples.order) == BaseUnits(1_000_000_000))
        let fill = try #require(settled.filled(of: Samples.order))
        #expect(fill.remark(on: Samples.order) == "; 0.5 of 1.5 SOL were filled for 72 USDC")

        let again = Self.quote("orca", 1_000_000_000, 145_000_000)
        let next = ChosenRoute([again], of: Samples.order, after: settled)
        #expect(next.legs.map(\.number) == [0, 2] && next.isSplit && next.open.map(\.quote) == [again])
        #expect(next.quote.amountIn == Samples.order.amountIn && next.quote.dex == "orca+meteora")
        #expect(try ChosenRoute(members: next.members) == next)
    }

    @Test func `once a leg has landed the next quotes are for the other legs, and not for what no leg was to fill`() {
        let part = ChosenRoute([Self.quote("raydium", 300_000_000, 45_000_000), Self.small], of: Samples.order, after: nil)
        #expect(part.amountToQuote(of: Samples.order) == Samples.order.amountIn)
        let half = part.changing([1: part.legs[1].landed(BaseUnits(72_000_000), of: Samples.usdc)])
        #expect(half.amountToQuote(of: Samples.order) == BaseUnits(300_000_000))
        let whole = split.changing([0: split.legs[0].landed(BaseUnits(72_000_000), of: Samples.usdc)])
        #expect(whole.amountToQuote(of: Samples.order) == BaseUnits(1_000_000_000))
    }

    @Test func `what is open names its venues alone`() {
        #expect(split.openVenues == "raydium+meteora")
        let half = split.changing([1: split.legs[1].landed(BaseUnits(145_000_000), of: Samples.usdc)])
        #expect(half.openVenues == "meteora")
        let whole = half.changing([0: split.legs[0].landed(BaseUnits(72_000_000), of: Samples.usdc)])
        #expect(whole.openVenues == "raydium+meteora" && ChosenRoute(Self.small).openVenues == "meteora")
    }

    @Test func `as long as nothing has landed numbers begin anew`() {
        let failed = split.changing([0: split.legs[0].failed(), 1: split.legs[1].failed()])
        #expect(failed.filled(of: Samples.order) == nil && failed.openAmount(of: Samples.order) == Samples.order.amountIn)
        #expect(ChosenRoute([Self.small, Self.large], of: Samples.order, after: failed) == split)
    }

    @Test func `a leg is read back as it was written`() throws {
        let landed = split.legs[0].submitted("s").landed(BaseUnits(1_500_000), of: Samples.usdc)
        for leg in [split.legs[0], split.legs[0].submitted("s"), landed, split.legs[1].failed()] {
            #expect(try OrderLeg(json: JSONValue.parse(JSONWriter.value(leg))) == leg)
        }
        #expect(JSONWriter.value(landed).contains(#","amountOut":"1500000","amountOutDecimal":"1.5","quote":"#))
    }

    @Test func `amounts and numbers from outside that no order can have overflow nothing`() throws {
        let largest = #""amountIn":"18446744073709551615","amountOut":"18446744073709551615","minReceived":"18446744073709551615""#
        let quote =
            #"{"dex":"d","pool":"p",\#(largest),"amountOutDecimal":"1","price":"1","feeBps":18446744073709,"priceImpactPct":"184467440737095.0000","#
            + #""minReceivedDecimal":"1"}"#
        func route(_ numbers: [String]) -> String {
            let legs = numbers.map { #"{"leg":\#($0),"status":"landed","txHash":"s","amountOut":"18446744073709551615","quote":\#(quote)}"# }
            return #""chosenDex":"d","quote":\#(quote),"legs":[\#(legs.joined(separator: ","))]"#
        }
        let read = try ChosenRoute(members: route(["0"]))
        #expect(read.filled(of: Samples.order)?.amountOut == BaseUnits(.max) && read.openAmount(of: Samples.order) == BaseUnits(0))
        let next = ChosenRoute([Self.large], of: Samples.order, after: read)
        #expect(next.quote.amountIn == BaseUnits(.max) && next.legs.map(\.number) == [0, 1])
        for numbers in [["0", "1"], ["0", "9223372036854775807"], ["-1"], ["0", "0"], []] {
            #expect(throws: RecordError.self) { try ChosenRoute(members: route(numbers)) }
        }
    }
}
