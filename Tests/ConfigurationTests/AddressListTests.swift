import Configuration
import Testing

struct AddressListTests {
    @Test(
        arguments: [
            ("127.0.0.0/8,::1", "127.9.9.9", true), ("127.0.0.0/8,::1", "::1", true), ("127.0.0.0/8,::1", "128.0.0.1", false),
            ("127.0.0.0/8,::1", "::ffff:127.0.0.1", true), ("::ffff:127.0.0.1", "127.0.0.1", true), ("::ffff:10.0.0.0/104", "10.200.0.1", true),
            ("10.1.2.3/8", "10.200.0.1", true), ("10.1.2.3", "10.1.2.4", false), ("10.1.2.3/32", "10.1.2.3", true), ("10.0.0.0/31", "10.0.0.1", true),
            ("10.0.0.0/31", "10.0.0.2", false), ("0.0.0.0/0", "255.255.255.255", true), ("0.0.0.0/0", "2001:db8::1", false),
            ("::/0", "2001:db8::1", true), ("::/0", "10.0.0.1", false), ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::1", false), ("2001:db8::/64", "2001:db8::ffff:0:0:1", true), ("2001:db8::/64", "2001:db8:0:1::", false),
            ("2001:db8::/65", "2001:db8::8000:0:0:1", false), ("2001:db8::1/128", "2001:db8::1", true), ("2001:db8::1/127", "2001:db8::", true),
            (" 10.0.0.0/8 , fd00::/8 ", "fd12::1", true), ("none", "127.0.0.1", false), ("NONE", "::1", false),
        ])
    func `an address is in the list or not`(list: String, address: String, isThere: Bool) throws {
        #expect(try #require(AddressList(list)).contains(try #require(IPAddress(address))) == isThere)
    }

    @Test(
        arguments: [
            "", ",", "10.0.0.0/8,", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8/8", "10.0.0", "10.0.0.256", "010.0.0.1", "::1/129", "::g",
            "localhost", "10.0.0.0/8 fd00::/8", "1 0.0.0.1", "10.0.0.1\0", "[::1]", "fe80::1%eth0", "10.0.0.0/99999999999999999999",
        ])
    func `anything else is refused`(text: String) { #expect(AddressList(text) == nil) }

    @Test(arguments: ["0.0.0.0", "192.0.2.1", "255.255.255.255", "::", "::1", "2001:db8::1", "fe80::ffff:1"])
    func `an address reads as it was written`(text: String) throws { #expect("\(try #require(IPAddress(text)))" == text) }

    @Test func `an owner has an IPv4 address, or a network of IPv6`() throws {
        let owners = ["192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::ffff:0:0:1", "2001:db8:0:1::1"].compactMap { IPAddress($0)?.owner }
        #expect(owners.count == 5 && Set(owners).count == 4 && owners[2] == owners[3])
    }

    @Test(
        arguments: [
            // The peer is no proxy: what it says is not believed.
            ("192.0.2.9", "198.51.100.1", "192.0.2.9"), ("192.0.2.9", "10.0.0.2", "192.0.2.9"),
            ("10.0.0.1", "", "10.0.0.1"), ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
            // The client's own claim stands before what the proxy has added.
            ("10.0.0.1", "203.0.113.5, 198.51.100.1", "198.51.100.1"), ("10.0.0.1", "127.0.0.1,198.51.100.1", "198.51.100.1"),
            ("10.0.0.1", "198.51.100.1, 10.0.0.2,10.0.0.3", "198.51.100.1"),
            // All are trusted: the farthest.
            ("10.0.0.1", "10.0.0.4, 10.0.0.3", "10.0.0.4"),
            // What cannot be read ends the search at the proxy that said so.
            ("10.0.0.1", "unknown", "10.0.0.1"), ("10.0.0.1", "198.51.100.1, , 10.0.0.2", "10.0.0.2"), ("10.0.0.1", "198.51.100.1,x", "10.0.0.1"),
            // Ports.
            ("10.0.0.1", "198.51.100.1:4711", "198.51.100.1"), ("10.0.0.1", "[2001:db8::1]:4711", "2001:db8::1"),
            ("10.0.0.1", "2001:db8::1", "2001:db8::1"),
            ("10.0.0.1", "[2001:db8::1]", "2001:db8::1"), ("::ffff:10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"),
        ])
    func `the client is the first from the end that is no trusted proxy`(peer: String, forwarded: String, client: String) throws {
        let list = try #require(AddressList("10.0.0.0/8"))
        let entries = forwarded.split(separator: ",", omittingEmptySubsequences: false)
        #expect("\(list.client(of: try #require(IPAddress(peer)), forwarded: entries))" == client)
    }
}
