import JSON
import Testing

@testable import Dialects

/// The documents' own example messages, letter by letter, and what their dialects say at that place of a conversation.
@Suite struct DocumentExampleTests {
    /// An example, and the message that stands for it.
    struct Example: Sendable, CustomTestStringConvertible {
        let document: String
        /// The message's place in the conversation.
        let place: Int
        let text: String
        var story = Story.smooth
        /// Members that belong to the example's order. The dialect's message has its own values of the same kind.
        var own: Set<String> = []
        /// Members that the contract adds to the document.
        var added: Set<String> = []

        var testDescription: String { "\(document): \(text)" }

        func told() throws -> String {
            let conversation =
                switch document {
                case "000": try ServiceTests.told(by: BackfillDialect(), story)
                case "001": try ServiceTests.told(by: ProgressDialect(), story)
                case "004": try ServiceTests.told(by: SnakeCaseDialect(), story)
                default: try ServiceTests.told(by: StatusUpdateDialect(), story)
                }
            return try #require(conversation.indices.contains(place) ? conversation[place] : nil)
        }
    }

    private static let example = #""orderId": "550e8400-e29b-41d4-a716-446655440000""#

    private static let backfill = [
        Example(
            document: "000", place: 0,
            text: """
                {"type": "backfill", "status": "pending", "logs": [
                  {"timestamp": "2026-01-10T07:30:15.123Z", "status": "pending", "message": "Order created and queued"}]}
                """),
        Example(
            document: "000", place: 1,
            text: #"{"type": "status_update", \#(example), "status": "routing", "timestamp": "2026-01-10T07:30:16.456Z"}"#),
        Example(
            document: "000", place: 2,
            text: """
                {"type": "status_update", \(example), "status": "building", "timestamp": "2026-01-10T07:30:17.789Z",
                 "raydiumQuote": "145.32", "meteoraQuote": "145.48", "selectedDex": "meteora"}
                """),
        Example(
            document: "000", place: 3,
            text: #"{"type": "status_update", \#(example), "status": "submitted", "timestamp": "2026-01-10T07:30:18.123Z"}"#),
        Example(
            document: "000", place: 4,
            text: """
                {"type": "status_update", \(example), "status": "confirmed", "timestamp": "2026-01-10T07:30:20.456Z",
                 "txHash": "mock-tx-a1b2c3d4e5f6", "executedPrice": "145.48", "amountOut": "218.22", "dexUsed": "meteora"}
                """, own: ["txHash"]),
        Example(
            document: "000", place: 4,
            text: """
                {"type": "status_update", \(example), "status": "failed", "timestamp": "2026-01-10T07:30:19.789Z",
                 "failureReason": "Insufficient liquidity in pool", "attempt": 3, "maxAttempts": 3}
                """, story: .givenUp, own: ["failureReason"]),
    ]

    private static let progress = [
        Example(
            document: "001", place: 0,
            text: """
                {"type": "connection", "message": "Connected to order status stream", \(example), "timestamp": "2025-11-21T10:30:00Z"}
                """),
        Example(
            document: "001", place: 1,
            text: """
                {"type": "subscribed", \(example), "message": "Subscribed to real-time updates for order...",
                 "timestamp": "2025-11-21T10:30:00Z"}
                """, own: ["message"]),
        Example(
            document: "001", place: 3,
            text: """
                {"type": "routing", \(example), "progress": 10, "message": "Fetching quotes from multiple DEXs...",
                 "timestamp": "2025-11-21T10:30:01Z"}
                """),
        Example(
            document: "001", place: 4,
            text: """
                {"type": "routing", \(example), "progress": 30, "message": "Received 2 quotes", "quotesFetched": 2,
                 "timestamp": "2025-11-21T10:30:02Z"}
                """, added: ["quote"]),
        Example(
            document: "001", place: 5,
            text: """
                {"type": "building", \(example), "progress": 50, "message": "Building transaction on raydium...", "chosenDex": "raydium",
                 "quote": {"dex": "raydium", "amountOut": "25000000", "amountOutDecimal": "25.0"}, "timestamp": "2025-11-21T10:30:03Z"}
                """, own: ["message", "chosenDex", "dex", "amountOut", "amountOutDecimal"]),
        Example(
            document: "001", place: 6,
            text: """
                {"type": "building", \(example), "progress": 70, "message": "Transaction built, ready to submit",
                 "timestamp": "2025-11-21T10:30:04Z"}
                """),
        Example(
            document: "001", place: 7,
            text: """
                {"type": "submitted", \(example), "progress": 80, "message": "Submitting transaction (attempt 1/3)...", "attempt": 1,
                 "maxAttempts": 3, "timestamp": "2025-11-21T10:30:05Z"}
                """),
        Example(
            document: "001", place: 8,
            text: """
                {"type": "confirmed", \(example), "progress": 100, "message": "Order successfully executed",
                 "txHash": "5Jtmhqjc5v9KVCqJxVbL4Xj5Z5Z5Z5Z5Z5Z5Z5Z5Z", "dex": "raydium", "timestamp": "2025-11-21T10:30:06Z"}
                """, own: ["txHash", "dex"]),
    ]

    private static let swap = #""orderId": "bbd55a4d-aeba-4aca-8e31-6653dfb7ccb3""#

    private static let statusUpdate = [
        Example(
            document: "002", place: 1,
            text: #"{\#(swap), "status": "routing", "message": "Fetching quotes from Raydium & Meteora..."}"#, added: ["type", "timestamp"]),
        Example(
            document: "002", place: 2,
            text: #"{\#(swap), "status": "routing", "message": "Best route: Raydium", "chosenDex": "Raydium"}"#,
            own: ["message", "chosenDex"], added: ["type", "timestamp"]),
        Example(
            document: "002", place: 2,
            text: #"{"status": "routing", "message": "Best route: Meteora", "chosenDex": "Meteora"}"#, added: ["type", "timestamp", "orderId"]),
        Example(
            document: "002", place: 3,
            text: #"{\#(swap), "status": "building", "message": "Building transaction..."}"#, added: ["type", "timestamp", "chosenDex"]),
        Example(
            document: "002", place: 4,
            text: #"{\#(swap), "status": "submitted", "message": "Transaction submitted to network..."}"#,
            added: ["type", "timestamp", "chosenDex", "txHash"]),
        Example(
            document: "002", place: 5,
            text: """
                {\(swap), "status": "confirmed", "message": "Swap executed successfully", "txHash": "tx_abc123_mock",
                 "executionPrice": 147.33}
                """, own: ["txHash", "executionPrice"], added: ["type", "timestamp", "chosenDex", "executedPrice", "amountOut"]),
        Example(
            document: "002", place: 6,
            text: #"{\#(swap), "status": "failed", "message": "Slippage tolerance exceeded"}"#, story: .givenUp,
            own: ["message"], added: ["type", "timestamp", "chosenDex", "txHash"]),
        Example(
            document: "003", place: 1,
            text: """
                {"type": "status_update", "orderId": "order_123", "status": "routing", "timestamp": "2025-11-08T...",
                 "message": "Comparing DEX prices"}
                """, own: ["message"]),
        Example(
            document: "003", place: 5,
            text: """
                {"type": "status_update", "status": "confirmed", "message": "Transaction confirmed: abc123...",
                 "executedPrice": "0.995", "amountOut": "9.95", "txHash": "abc123..."}
                """, own: ["message", "executedPrice", "amountOut", "txHash"],
            added: ["orderId", "timestamp", "chosenDex", "executionPrice"]),
    ]

    private static let snakeCase = [
        Example(document: "004", place: 0, text: #"{"order_id": "uuid", "status": "pending"}"#),
        Example(document: "004", place: 1, text: #"{"order_id": "uuid", "status": "routing"}"#),
        Example(document: "004", place: 2, text: #"{"order_id": "uuid", "status": "building"}"#),
        Example(document: "004", place: 3, text: #"{"order_id": "uuid", "status": "submitted", "tx_hash": "0x..."}"#, own: ["tx_hash"]),
        Example(
            document: "004", place: 4,
            text: #"{"order_id": "uuid", "status": "confirmed", "tx_hash": "0x...", "execution_price": 220.45}"#,
            own: ["tx_hash", "execution_price"]),
        Example(
            document: "004", place: 4,
            text: #"{"order_id": "uuid", "status": "failed", "reason": "Price moved 1.8% (max allowed: 1.0%)"}"#,
            story: .givenUp, added: ["tx_hash"]),
    ]

    @Test(arguments: backfill + progress + statusUpdate + snakeCase)
    func `A message has the keys and values of its example`(_ example: Example) throws {
        let told = try JSONValue.parse(example.told())
        let names = Set(try #require(told.object).map(\.name))
        let expected = try JSONValue.parse(example.text)
        #expect(names == Set(try #require(expected.object).map(\.name)).union(example.added))
        let open = example.own.union(["orderId", "order_id", "timestamp"])
        for member in expected.object ?? [] { try compare(told[member.name], member.value, member.name, open) }
    }

    /// Expects equal values. Members of the example's own order only have to be of the same kind.
    private func compare(_ found: JSONValue?, _ expected: JSONValue, _ name: String, _ open: Set<String>) throws {
        switch (try #require(found, "\(name) is missing"), expected) {
        case (.object(let members), .object(let wanted)):
            #expect(members.map(\.name).sorted() == wanted.map(\.name).sorted())
            for member in wanted { try compare(found?[member.name], member.value, member.name, open) }
        case (.array(let elements), .array(let wanted)):
            try #require(elements.count == wanted.count)
            for (element, value) in zip(elements, wanted) { try compare(element, value, name, open) }
        case (.string, .string) where open.contains(name), (.number, .number) where open.contains(name): break
        case (let found, _): #expect(found == expected, "\(name)")
        }
    }
}
