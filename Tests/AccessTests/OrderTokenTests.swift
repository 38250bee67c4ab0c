import Orders
import Testing

@testable import Access

@Suite struct OrderTokenTests {
    private let order = OrderID(parsing: "01890000-abcd-7000-8000-0000000000ff")!
    private let keys: TokenKeys = {
        var keys = TokenKeys()
        keys.add(7, String(repeating: "11", count: 32))
        keys.add(8, String(repeating: "22", count: 32))
        return keys
    }()

    @Test func opensItsOrderUntilItEnds() throws {
        let token = try #require(OrderToken.make(for: order, until: 1000, key: 8, of: keys))
        #expect(OrderToken.order(token, at: 999_999, keys: keys) == order)
        #expect(OrderToken.order(token, at: 1_000_000, keys: keys) == nil)
        #expect(OrderToken.make(for: order, until: 1000, key: 9, of: keys) == nil)
    }

    /// The code of the token, computed by Python's hmac.
    @Test func isTheStandardCode() {
        #expect(
            OrderToken.make(for: order, until: 1000, key: 7, of: keys)
                == "00000007000003e801890000abcd700080000000000000ff" + "70acfd51a547701476cb700eb6642d52")
    }

    @Test func oneChangedDigitSpoilsIt() throws {
        let token = try #require(OrderToken.make(for: order, until: 1000, key: 7, of: keys))
        for index in token.indices {
            var changed = token
            changed.replaceSubrange(index...index, with: token[index] == "0" ? "1" : "0")
            #expect(OrderToken.order(changed, at: 0, keys: keys) == nil, "\(changed)")
        }
        for bad in ["", String(token.dropLast()), token + "0", token.uppercased(), String(repeating: "é", count: 40)] {
            #expect(OrderToken.order(bad, at: 0, keys: keys) == nil)
        }
    }

    @Test func aKeyIs32Bytes() {
        var keys = TokenKeys()
        let taken = ["11", "x", TokenKeys.random()].map { keys.add(1, $0) }
        #expect(taken == [false, false, true])
    }
}
