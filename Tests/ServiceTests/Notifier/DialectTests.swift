import JSON
import Testing

@testable import NotifierService

/// Whole conversations, each message compared key by key with the documents.
@Suite struct DialectTests {
    /// A message of documents 002 and 003 to the event of a seq.
    private func update(_ seq: Int, _ status: String, _ message: String, _ extra: String = "") -> String {
        #"{"type":"status_update","orderId":"\#(Story.id)","status":"\#(status)","timestamp":"2026-01-10T07:30:17.00\#(seq % 10)Z","#
            + #""message":"\#(message)"\#(extra.isEmpty ? "" : ",\(extra)")}"#
    }

    private let dex = #""chosenDex":"Meteora""#

    private func expectUpdates(_ story: Story, _ expected: [String], at location: SourceLocation = #_sourceLocation) throws {
        let messages = try conversation(StatusUpdateDialect(), story)
        try #require(messages.count == expected.count, "\(messages)", sourceLocation: location)
        for (message, wanted) in zip(messages, expected) { try expectMembers(message, wanted, at: location) }
    }

    @Test("status_update: success at the first try")
    func success() throws {
        var story = Story()
        story.accepted()
        story.submitted("sig1")
        story.confirmed("sig1")
        try expectUpdates(
            story,
            [
                update(1, "pending", "Order created and queued"),
                update(2, "routing", "Fetching quotes from Raydium & Meteora..."),
                update(3, "routing", "Best route: Meteora", dex),
                update(4, "building", "Building transaction...", dex),
                update(6, "submitted", "Transaction submitted to network...", dex + #","txHash":"sig1""#),
                update(
                    7, "confirmed", "Swap executed successfully",
                    dex + #","txHash":"sig1","executionPrice":145.333333333,"executedPrice":"145.333333333","amountOut":"218""#),
            ])
    }

    @Test("status_update: a moved price, a fresh quote, then success")
    func successAfterRetry() throws {
        var story = Story()
        story.accepted()
        story.submitted("sig1")
        let error = #","error":{"code":"SLIPPAGE_EXCEEDED","message":"Price moved 1.8% (max allowed: 1.0%)","retryable":true}"#
        story.add(
            "execution-failed", "submitted", 80, "Price moved 1.8% (max allowed: 1.0%)",
            story.hashed("sig1") + error + #","transient":true,"retriesRemaining":2"#)
        story.add(
            "retry-pending", "routing", 80, "Retrying in 1.0 s (attempt 2/3)", story.hashed("sig1") + #","delayMs":1043,"nextAttempt":2"#)
        story.attempt = 2
        story.routed()
        story.submitted("sig2")
        story.confirmed("sig2")
        let messages = try conversation(StatusUpdateDialect(), story)
        try #require(messages.count == 12)
        let first = dex + #","txHash":"sig1""#
        try expectMembers(messages[5], update(7, "submitted", "Price moved 1.8% (max allowed: 1.0%)", first))
        try expectMembers(messages[6], update(8, "routing", "Retrying in 1.0 s (attempt 2/3)", first))
        try expectMembers(messages[7], update(9, "routing", "Fetching quotes from Raydium & Meteora..."))
        try expectMembers(messages[8], update(10, "routing", "Best route: Meteora", dex))
        try expectMembers(messages[10], update(13, "submitted", "Transaction submitted to network...", dex + #","txHash":"sig2""#))
        #expect(messages[11].contains(#""txHash":"sig2""#) && messages[11].contains(#""status":"confirmed""#))
    }

    @Test("status_update: the final failure says why")
    func failure() throws {
        var story = Story()
        story.add("pending", "pending", 0, "Order created and queued")
        story.add("routing", "routing", 10, "Fetching quotes from multiple DEXs...")
        let error = #""error":{"code":"NO_ROUTE","message":"No route found for this token pair","retryable":false}"#
        story.add(
            "execution-failed", "routing", 10, "No route found for this token pair", error + #","transient":false,"retriesRemaining":0"#)
        story.add("failed", "failed", 0, "No route found for this token pair", error + #","totalAttempts":1"#)
        try expectUpdates(
            story,
            [
                update(1, "pending", "Order created and queued"),
                update(2, "routing", "Fetching quotes from Raydium & Meteora..."),
                update(3, "routing", "No route found for this token pair"),
                update(4, "failed", "No route found for this token pair"),
            ])
    }

    @Test("status_update: cancelled while it was routed")
    func cancelled() throws {
        var story = Story()
        story.accepted()
        story.add("cancelled", "cancelled", 0, "Order cancelled", Story.route)
        try expectUpdates(
            story,
            [
                update(1, "pending", "Order created and queued"),
                update(2, "routing", "Fetching quotes from Raydium & Meteora..."),
                update(3, "routing", "Best route: Meteora", dex),
                update(4, "cancelled", "Order cancelled", dex),
            ])
    }

    @Test("native: each event as it was published, byte by byte, with what this version does not know")
    func native() throws {
        var story = Story()
        story.accepted()
        story.submitted("sig1")
        story.add("confirmed", "confirmed", 100, "Order successfully executed", story.hashed("sig1") + #","ofALaterVersion":[1.50,{"a":null}]"#)
        let messages = try conversation(NativeDialect(), story)
        #expect(messages == story.texts.map { #"{"op":"event","event":\#($0)}"# })
    }
}
