import Testing

@testable import Dialects

/// Tests whole conversations.
@Suite struct ProgressDialectTests {
    private static func message(_ seq: Int, _ type: String, _ progress: Int, _ message: String, _ extra: String = "") -> String {
        #"{"type":"\#(type)","orderId":"\#(Story.id)","progress":\#(progress),"message":"\#(message)"\#(extra),"timestamp":"\#(Story.time(seq))"}"#
    }

    private static let greeting = [
        #"{"type":"connection","orderId":"\#(Story.id)","message":"Connected to order status stream","timestamp":"\#(Story.time(0))"}"#,
        #"{"type":"subscribed","orderId":"\#(Story.id)","message":"Subscribed to real-time updates for order \#(Story.id)","#
            + #""timestamp":"\#(Story.time(0))"}"#,
    ]

    private static let quote = #","quote":{"dex":"meteora","amountOut":"218220000","amountOutDecimal":"218.22"}"#

    private static func routed(_ seq: Int) -> [String] {
        [
            message(seq, "routing", 10, "Fetching quotes from multiple DEXs..."),
            message(seq + 1, "routing", 30, "Received 2 quotes", #","quotesFetched":2"# + quote),
        ]
    }

    private static func submitted(_ seq: Int, attempt: Int) -> [String] {
        [
            message(seq, "building", 50, "Building transaction on meteora...", #","chosenDex":"meteora""# + quote),
            message(seq + 1, "building", 70, "Transaction built, ready to submit"),
            message(
                seq + 2, "submitted", 75 + 5 * attempt, "Submitting transaction (attempt \(attempt)/3)...",
                #","attempt":\#(attempt),"maxAttempts":3"#),
        ]
    }

    private static func confirmed(_ seq: Int, _ hash: String) -> String {
        message(seq, "confirmed", 100, "Order successfully executed", #","txHash":"\#(hash)","dex":"meteora""#)
    }

    private static func start(attempt: Int = 1) -> [String] {
        greeting + [message(1, "pending", 0, "Order created and queued")] + routed(2) + submitted(4, attempt: attempt)
    }

    private static let whole = start() + [confirmed(7, "sig1")]
    private static let moved = "Price moved 1.8% (max allowed: 1.0%)"
    private static let network = "Transaction failed on the network"
    private static let failure =
        start(attempt: 3) + [
            message(7, "execution-failed", 90, moved, #","error":"\#(moved)","transient":true,"retriesRemaining":0"#),
            message(8, "failed", 0, moved, #","error":"\#(moved)","final":true,"totalAttempts":3"#),
        ]

    private static let situations = [
        Situation("lands at the first try", .smooth, seen: 1, whole),
        Situation("the socket is ahead of the order", .smooth, whole),
        Situation("comes in between", .smooth, seen: 4, whole),
        Situation("comes when all is over", .smooth, seen: 7, whole),
        Situation(
            "is routed again, and lands", .routedAgain, seen: 1,
            start() + [
                message(7, "execution-failed", 80, moved, #","error":"\#(moved)","transient":true,"retriesRemaining":2"#),
                message(8, "retry-pending", 80, "Retrying in 1.0 s (attempt 2/3)", #","delay":1043,"nextAttempt":2"#),
            ] + routed(9) + submitted(11, attempt: 2) + [confirmed(14, "sig2")]),
        Situation(
            "is sent again, and lands", .sentAgain, seen: 1,
            start() + [
                message(7, "execution-failed", 80, network, #","error":"\#(network)","transient":true,"retriesRemaining":2"#),
                message(8, "retry-pending", 80, "Retrying in 1.0 s (attempt 2/3)", #","delay":1043,"nextAttempt":2"#),
            ] + submitted(9, attempt: 2) + [confirmed(12, "sig2")]),
        Situation("the last attempt fails", .givenUp, seen: 1, failure),
        Situation("comes when it has failed", .givenUp, seen: 8, failure),
        Situation(
            "finds no route", .noRoute, seen: 1,
            greeting + [
                message(1, "pending", 0, "Order created and queued"),
                message(2, "routing", 10, "Fetching quotes from multiple DEXs..."),
                message(
                    3, "execution-failed", 10, "No route found for this token pair",
                    #","error":"No route found for this token pair","transient":false,"retriesRemaining":0"#),
                message(
                    4, "failed", 0, "No route found for this token pair",
                    #","error":"No route found for this token pair","final":true,"totalAttempts":1"#),
            ]),
        Situation(
            "is cancelled", .cancelled, seen: 1,
            greeting + [message(1, "pending", 0, "Order created and queued")] + routed(2) + [message(4, "cancelled", 0, "Order cancelled")]),
    ]

    @Test(arguments: situations)
    func `progress: whole conversations`(_ situation: Situation) throws { #expect(try told(by: ProgressDialect(), situation) == situation.expected) }
}
