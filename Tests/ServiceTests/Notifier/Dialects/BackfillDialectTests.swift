import Testing

@testable import Dialects

/// Tests whole conversations.
@Suite struct BackfillDialectTests {
    private static func update(_ seq: Int, _ status: String, _ extra: String = "") -> String {
        #"{"type":"status_update","orderId":"\#(Story.id)","status":"\#(status)","timestamp":"\#(Story.time(seq))"\#(extra)}"#
    }

    private static func backfill(_ status: String, _ lines: [String], _ extra: String = "") -> String {
        #"{"type":"backfill","status":"\#(status)","logs":[\#(lines.joined(separator: ","))]\#(extra)}"#
    }

    private static func line(_ seq: Int, _ status: String, _ message: String) -> String {
        #"{"timestamp":"\#(Story.time(seq))","status":"\#(status)","message":"\#(message)"}"#
    }

    /// The lines of an order that lands at its first try.
    private static let lines = [
        line(1, "pending", "Order created and queued"), line(2, "routing", "Fetching quotes from multiple DEXs..."),
        line(3, "routing", "Received 2 quotes"), line(4, "building", "Building transaction on meteora..."),
        line(5, "building", "Transaction built, ready to submit"), line(6, "submitted", "Submitting transaction (attempt 1/3)..."),
        line(7, "confirmed", "Order successfully executed"),
    ]

    private static let start = backfill("pending", [lines[0]])
    private static let quotes = #","raydiumQuote":"145.32","meteoraQuote":"145.48","selectedDex":"meteora""#
    private static func fill(_ hash: String) -> String { #","txHash":"\#(hash)","executedPrice":"145.48","amountOut":"218.22","dexUsed":"meteora""# }

    private static let reason = #","failureReason":"Price moved 1.8% (max allowed: 1.0%)","attempt":3,"maxAttempts":3"#

    private static let whole = [
        start, update(2, "routing"), update(4, "building", quotes), update(6, "submitted"), update(7, "confirmed", fill("sig1")),
    ]

    private static let situations = [
        Situation("lands at the first try", .smooth, seen: 1, whole),
        Situation("the socket is ahead of the order", .smooth, whole),
        Situation(
            "comes while the route is looked for", .smooth, seen: 2,
            [backfill("routing", Array(lines[..<2])), update(4, "building", quotes), update(6, "submitted"), update(7, "confirmed", fill("sig1"))]),
        Situation(
            "comes when the transaction is ready, which no event of that time has both quotes for", .smooth, seen: 5,
            [backfill("building", Array(lines[..<5]), quotes), update(6, "submitted"), update(7, "confirmed", fill("sig1"))]),
        Situation(
            "comes when the transaction is under way", .smooth, seen: 6,
            [backfill("submitted", Array(lines[..<6])), update(7, "confirmed", fill("sig1"))]),
        Situation("comes when all is over", .smooth, seen: 7, [backfill("confirmed", lines, fill("sig1"))]),
        Situation(
            "is routed again, and lands", .routedAgain, seen: 1,
            [
                start, update(2, "routing"), update(4, "building", quotes), update(6, "submitted"), update(8, "routing"),
                update(11, "building", quotes), update(13, "submitted"), update(14, "confirmed", fill("sig2")),
            ]),
        Situation(
            "is sent again, and lands", .sentAgain, seen: 1,
            [
                start, update(2, "routing"), update(4, "building", quotes), update(6, "submitted"), update(8, "building", quotes),
                update(11, "submitted"), update(12, "confirmed", fill("sig2")),
            ]),
        Situation(
            "the last attempt fails", .givenUp, seen: 1,
            [start, update(2, "routing"), update(4, "building", quotes), update(6, "submitted"), update(8, "failed", reason)]),
        Situation(
            "comes when it has failed", .givenUp, seen: 8,
            [
                backfill(
                    "failed",
                    lines[..<5] + [
                        line(6, "submitted", "Submitting transaction (attempt 3/3)..."), line(7, "submitted", "Price moved 1.8% (max allowed: 1.0%)"),
                        line(8, "failed", "Price moved 1.8% (max allowed: 1.0%)"),
                    ], reason)
            ]),
        Situation(
            "finds no route", .noRoute, seen: 2,
            [
                backfill("routing", Array(lines[..<2])),
                update(4, "failed", #","failureReason":"No route found for this token pair","attempt":1,"maxAttempts":3"#),
            ]),
        Situation("is cancelled", .cancelled, seen: 1, [start, update(2, "routing"), update(4, "cancelled")]),
    ]

    @Test(arguments: situations)
    func `backfill: whole conversations`(_ situation: Situation) throws { #expect(try told(by: BackfillDialect(), situation) == situation.expected) }

    @Test func `backfill: a venue that gave no quote has no key`() throws {
        var story = Story()
        story.accepted()
        story.add("building", "building", 50, "Building transaction on meteora...", Story.route + #","quotes":[\#(Story.quote)]"#)
        #expect(
            try told(by: BackfillDialect(), story, seen: 3).last
                == Self.update(4, "building", #","meteoraQuote":"145.48","selectedDex":"meteora""#))
    }

    @Test func `backfill: another transaction is told even where the status has not changed in between`() throws {
        var story = Story()
        story.accepted()
        story.submitted("sig1")
        for hash in ["sig1", "sig2"] { story.add("submitted", "submitted", 85, "Submitting transaction (attempt 2/3)...", story.hashed(hash)) }
        #expect(try told(by: BackfillDialect(), story, seen: 6).dropFirst() == [Self.update(8, "submitted")])
    }
}
