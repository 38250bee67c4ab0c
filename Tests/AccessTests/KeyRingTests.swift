import Orders
import Testing

@testable import Access

@Suite struct KeyRingTests {
    private let secret = KeySecret.random()
    private let alice = UserID(stored: "alice")

    @Test func findsAKeyByItsText() throws {
        let ring = KeyRing(KeyFile(keys: [APIKey(name: "bot", digest: secret.digest, scopes: [.trade])]))
        let found = try #require(ring.principal(secret.text, at: 0))
        #expect(found.name == "bot")
        #expect(found.scopes == [.trade])
        #expect(found.owner == Owner(key: "bot"))
        #expect(ring.principal(KeySecret.random().text, at: 0) == nil)
    }

    @Test func refusesWhatIsNoKey() {
        let ring = KeyRing(KeyFile(keys: [APIKey(name: "bot", digest: secret.digest, scopes: [.trade])]))
        let text = secret.text
        for bad in ["", "oek_", String(text.dropLast()), text + "0", text.uppercased(), String(text.dropFirst(4)), text + " "] {
            #expect(ring.principal(bad, at: 0) == nil, "\(bad)")
        }
    }

    @Test func aKeyEndsAtItsTime() {
        let ring = KeyRing(KeyFile(keys: [APIKey(name: "bot", digest: secret.digest, scopes: [.trade], expires: 1000)]))
        #expect(ring.principal(secret.text, at: 999) != nil)
        #expect(ring.principal(secret.text, at: 1000) == nil)
    }

    @Test func knowsWhetherOrdersAreCounted() {
        func ring(_ limits: KeyLimits) -> KeyRing {
            let key = APIKey(name: "b", digest: secret.digest, scopes: [.trade], limits: limits)
            return KeyRing(KeyFile(keys: [APIKey(name: "a", digest: secret.digest, scopes: [.trade]), key]))
        }
        #expect(!ring(KeyLimits(orders: 1, sockets: 1)).countsOrders)
        #expect(ring(KeyLimits(openOrders: 1)).countsOrders && ring(KeyLimits(ordersPerMinute: 1)).countsOrders)
    }

    @Test func aSecretIsNeverShown() { #expect("\(secret)" == "(hidden)") }

    @Test func seesOnlyItsOwn() {
        let bound = Principal(APIKey(name: "a", digest: secret.digest, scopes: [.read], user: alice))
        let free = Principal(APIKey(name: "alice", digest: secret.digest, scopes: [.read]))
        let operator_ = Principal(APIKey(name: "o", digest: secret.digest, scopes: [.operate]))
        let id = OrderID(parsing: "01890000-0000-7000-8000-000000000001")!
        let other = OrderID(parsing: "01890000-0000-7000-8000-000000000002")!
        for (owner, expected) in [
            (Owner(user: alice), [true, false, true]), (Owner(key: "alice"), [false, true, true]), (Owner?.none, [false, false, true]),
        ] { #expect([bound, free, operator_].map { $0.sees(id, of: owner) } == expected) }
        #expect(Principal.anyone.sees(id, of: nil))
        #expect(!Principal.nobody.sees(id, of: nil))
        #expect(!Principal.nobody.sees(id, of: Owner(key: "")))
        let follower = Principal(following: id)
        #expect(follower.sees(id, of: Owner(key: "x")))
        #expect(!follower.sees(other, of: Owner(key: "x")))
    }

    @Test func onlyABoundKeySpeaksForItsUser() {
        let keys = [
            APIKey(name: "a", digest: secret.digest, scopes: [.trade], user: alice),
            APIKey(name: "bot", digest: KeySecret.random().digest, scopes: [.trade]),
            APIKey(name: "op", digest: KeySecret.random().digest, scopes: .all),
        ]
        let ring = KeyRing(KeyFile(keys: keys))
        let bob = UserID(stored: "bob")
        #expect(keys.map { ring.maySpeak(for: alice, Principal($0)) } == [true, false, true])
        #expect(keys.map { ring.maySpeak(for: bob, Principal($0)) } == [false, true, true])
        #expect(ring.maySpeak(for: alice, .anyone))
    }
}
