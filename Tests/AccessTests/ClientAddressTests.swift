import Testing

@testable import Access

@Suite struct ClientAddressTests {
    @Test(arguments: [
        ("127.0.0.1", "203.0.113.7", "203.0.113.7"), ("172.18.0.5", "2001:db8::1", "2001:db8::1"), ("::1", "203.0.113.7", "203.0.113.7"),
        ("::ffff:10.0.0.1", "203.0.113.7", "203.0.113.7"), ("203.0.113.9", "203.0.113.7", "203.0.113.9"),
        ("172.32.0.1", "203.0.113.7", "172.32.0.1"), ("11.0.0.1", "203.0.113.7", "11.0.0.1"), ("127.0.0.1", "x", "127.0.0.1"),
        ("127.0.0.1", "", "127.0.0.1"), ("127.0.0.1", "1.2.3.4, 5.6.7.8", "127.0.0.1"),
    ])
    func theEdgeIsBelievedAndNobodyElse(peer: String, said: String, counted: String) {
        #expect(ClientAddress.of(peer: peer, said: said) == counted)
        #expect(ClientAddress.of(peer: peer, said: nil) == peer)
    }
}
