import Orders
import Testing

@testable import Access

@Suite struct KeyFileTests {
    private static let digest = String(repeating: "0a", count: 32)

    private func file(_ entry: String) throws(KeyFileError) -> KeyFile { try KeyFile(parsing: Array(#"{"keys":[\#(entry)]}"#.utf8)) }

    private func entry(_ more: String = "", name: String = "bot", digest: String = digest, scopes: String = #"["trade"]"#) -> String {
        #"{"name":"\#(name)","sha256":"\#(digest)","scopes":\#(scopes)\#(more)}"#
    }

    @Test func readsWhatItWrites() throws {
        var file = KeyFile()
        let user = try #require(UserID("ålice"))
        try file.add(
            APIKey(
                name: "bot.1", digest: KeySecret.random().digest, scopes: [.trade, .read], user: user, expires: 1_800_000_000_000,
                limits: KeyLimits(
                    requests: 10, orders: 5, openOrders: 20, ordersPerMinute: 60,
                    notional: NotionalLimit([try #require(.init(token: "SOL", amount: "100.5")), try #require(.init(token: "USDC", amount: "2e4"))])))
        )
        try file.add(APIKey(name: "op", digest: KeySecret.random().digest, scopes: .all))
        #expect(try KeyFile(parsing: Array(file.text.utf8)) == file)
        #expect(try KeyFile(parsing: Array(KeyFile().text.utf8)) == KeyFile())
    }

    @Test(arguments: [
        ("[]", "is not a JSON object"), ("{", "is not a JSON object"), ("{}", #"has no list "keys""#),
        (#"{"keys":[],"key":1}"#, #"the object has a member that is not known: "key""#), (#"{"keys":[1]}"#, "keys[0] is not an object"),
    ]) func refusesAnotherForm(text: String, reason: String) {
        #expect(throws: KeyFileError(reason)) { try KeyFile(parsing: Array(text.utf8)) }
    }

    @Test func refusesEachBadMember() {
        let notional = #"keys[0].limits.orderNotional must be an object of amounts above 0, such as {"SOL":"100"}"#
        let bad = [
            (entry(name: "a b"), "keys[0].name must be 1 to 64 letters, digits, dots, underscores and dashes"),
            (entry(name: ""), "keys[0].name must be 1 to 64 letters, digits, dots, underscores and dashes"),
            (entry(digest: "0A"), "keys[0].sha256 must be 64 lower-case hexadecimal digits"),
            (entry(digest: Self.digest.uppercased()), "keys[0].sha256 must be 64 lower-case hexadecimal digits"),
            (entry(scopes: "[]"), "keys[0].scopes must be a list of trade, read, operate"),
            (entry(scopes: #"["admin"]"#), "keys[0].scopes must be a list of trade, read, operate"),
            (entry(#","user":""#), "is not a JSON object"), (entry(#","user":"""#), "keys[0].user must be a text of 1 to 255 characters"),
            (entry(#","expires":"soon""#), "keys[0].expires must be a time with a zone, such as 2027-01-31T00:00:00Z"),
            (entry(#","limits":{"requestsPerSecond":0}"#), "keys[0].limits.requestsPerSecond must be a whole number from 1 to 1000000"),
            (entry(#","limits":{"ordersPerSecond":1.5}"#), "keys[0].limits.ordersPerSecond must be a whole number from 1 to 1000000"),
            (entry(#","limits":{"sockets":0}"#), "keys[0].limits.sockets must be a whole number from 1 to 1000000"),
            (entry(#","limits":{"socket":1}"#), #"keys[0].limits has a member that is not known: "socket""#),
            (entry(#","limits":{"openOrders":-1}"#), "keys[0].limits.openOrders must be a whole number from 1 to 1000000"),
            (entry(#","limits":{"ordersPerMinute":1000001}"#), "keys[0].limits.ordersPerMinute must be a whole number from 1 to 1000000"),
            (entry(#","limits":{"orderNotional":{}}"#), notional), (entry(#","limits":{"orderNotional":5}"#), notional),
            (entry(#","limits":{"orderNotional":{"SOL":"0"}}"#), notional), (entry(#","limits":{"orderNotional":{"SOL":"1","USDC":-1}}"#), notional),
            (entry(#","scope":"trade""#), #"keys[0] has a member that is not known: "scope""#),
        ]
        for (text, reason) in bad { #expect(throws: KeyFileError(reason), "\(text)") { try file(text) } }
    }

    @Test func refusesTheSameTwice() {
        let other = String(repeating: "0b", count: 32)
        #expect(throws: KeyFileError("has a key named bot already")) { try file(entry() + "," + entry(digest: other)) }
        #expect(throws: KeyFileError("has the key bot a second time, as ox")) { try file(entry() + "," + entry(name: "ox")) }
    }

    @Test func removesByName() throws {
        var keys = try file(entry())
        let isOther = keys.remove("other")
        #expect(!isOther)
        let isBot = keys.remove("bot")
        #expect(isBot)
        #expect(keys.keys.isEmpty)
    }
}
