import Testing

@testable import Dialects

/// Tests whole conversations.
@Suite struct StatusUpdateDialectTests {
    private static func update(_ seq: Int, _ status: String, _ message: String, _ extra: String = "") -> String {
        #"{"type":"status_update","orderId":"\#(Story.id)","status":"\#(status)","timestamp":"\#(Story.time(seq))","#
            + #""message":"\#(message)"\#(extra)}"#
    }

    private static let dex = #","chosenDex":"Meteora""#
    private static func hash(_ hash: String) -> String { dex + #","txHash":"\#(hash)""# }

    private static func routed(_ seq: Int) -> [String] {
        [
            update(seq, "routing", "Fetching quotes from Raydium & Meteora..."), update(seq + 1, "routing", "Best route: Meteora", dex),
        ]
    }

    /// The event between these two has no message.
    private static func submitted(_ seq: Int, _ hash: String) -> [String] {
        [
            update(seq, "building", "Building transaction...", dex),
            update(seq + 2, "submitted", "Transaction submitted to network...", Self.hash(hash)),
        ]
    }

    private static func confirmed(_ seq: Int, _ hash: String) -> String {
        update(
            seq, "confirmed", "Swap executed successfully",
            Self.hash(hash) + #","executionPrice":145.48,"executedPrice":"145.48","amountOut":"218.22""#)
    }

    private static func start(_ hash: String = "sig1") -> [String] {
        [update(1, "pending", "Order created and queued")] + routed(2) + submitted(4, hash)
    }

    private static let whole = start() + [confirmed(7, "sig1")]
    private static let moved = "Price moved 1.8% (max allowed: 1.0%)"
    private static let failure = start("sig3") + [update(7, "submitted", moved, hash("sig3")), update(8, "failed", moved, hash("sig3"))]

    private static let situations = [
        Situation("lands at the first try", .smooth, seen: 1, whole),
        Situation("the socket is ahead of the order", .smooth, whole),
        Situation("comes in between", .smooth, seen: 5, whole),
        Situation("comes when all is over", .smooth, seen: 7, whole),
        Situation(
            "is routed again, and lands", .routedAgain, seen: 1,
            start() + [
                update(7, "submitted", moved, hash("sig1")), update(8, "routing", "Retrying in 1.0 s (attempt 2/3)", hash("sig1")),
            ] + routed(9) + submitted(11, "sig2") + [confirmed(14, "sig2")]),
        Situation(
            "is sent again, and lands", .sentAgain, seen: 1,
            start() + [
                update(7, "submitted", "Transaction failed on the network", hash("sig1")),
                update(8, "building", "Retrying in 1.0 s (attempt 2/3)", hash("sig1")),
            ] + submitted(9, "sig2") + [confirmed(12, "sig2")]),
        Situation("is split, and lands", .split, seen: 1, whole.map { $0.replacing("Meteora\"", with: "Raydium+Meteora\"") }),
        Situation("the last attempt fails", .givenUp, seen: 1, failure),
        Situation("comes when it has failed", .givenUp, seen: 8, failure),
        Situation(
            "finds no route", .noRoute, seen: 1,
            [
                update(1, "pending", "Order created and queued"), update(2, "routing", "Fetching quotes from Raydium & Meteora..."),
                update(3, "routing", "No route found for this token pair"), update(4, "failed", "No route found for this token pair"),
            ]),
        Situation(
            "is cancelled", .cancelled, seen: 1,
            [update(1, "pending", "Order created and queued")] + routed(2) + [update(4, "cancelled", "Order cancelled", dex)]),
    ]

    @Test(arguments: situations)
    func `status update`(_ situation: Situation) throws { #expect(try told(by: StatusUpdateDialect(), situation) == situation.expected) }
}
