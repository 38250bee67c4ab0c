/// Addresses and networks: `127.0.0.0/8,::1,2001:db8::/32`. For example the proxies whose word about a client is believed.
public struct AddressList: Sendable, Equatable {
    private struct Network: Equatable {
        let base: IPAddress
        /// How many bits of an address have to be those of `base`, from 0 to 128.
        let bits: Int

        /// Nil if the text is neither an address nor an address with the length of its network. Bits behind that length are ignored.
        init?(_ text: Substring) {
            let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            guard let address = IPAddress(parts[0]) else { return nil }
            // `::ffff:192.0.2.1` is written with the lengths of IPv6.
            let isMapped = address.isIPv4 && parts[0].utf8.contains(UInt8(ascii: ":"))
            let longest = address.isIPv4 && !isMapped ? 32 : 128
            guard parts.count == 1 || WholeNumber.digits(parts[1]).map({ $0 <= longest }) == true else { return nil }
            bits = 128 - longest + (parts.count == 1 ? longest : WholeNumber.digits(parts[1]) ?? longest)
            base = Self.masked(address, bits)
        }

        /// A network of IPv6 has no address of IPv4, however short it is.
        func contains(_ address: IPAddress) -> Bool { base.isIPv4 == address.isIPv4 && Self.masked(address, bits) == base }

        private static func masked(_ address: IPAddress, _ bits: Int) -> IPAddress {
            // A shift by the whole width gives 0.
            let high = UInt64.max << UInt64(64 - min(bits, 64))
            let low = UInt64.max << UInt64(64 - max(bits - 64, 0))
            return IPAddress(high: address.high & high, low: address.low & low)
        }
    }

    /// No address.
    public static let none = AddressList(networks: [])
    /// The addresses of the machine itself.
    public static let loopback = AddressList("127.0.0.0/8,::1") ?? none

    private let networks: [Network]

    private init(networks: [Network]) { self.networks = networks }

    /// Entries separated by commas, with or without spaces; `none` for an empty list. Nil if one of them is wrong.
    public init?(_ text: String) {
        guard text.lowercased() != "none" else {
            self = .none
            return
        }
        var networks: [Network] = []
        for entry in text.split(separator: ",", omittingEmptySubsequences: false) {
            let end = entry.lastIndex { $0 != " " }.map { entry.index(after: $0) } ?? entry.startIndex
            guard let network = Network(entry[..<end].drop { $0 == " " }) else { return nil }
            networks.append(network)
        }
        self.networks = networks
    }

    public func contains(_ address: IPAddress) -> Bool { networks.contains { $0.contains(address) } }

    /// The client behind `peer`, if this is the list of trusted proxies.
    ///
    /// Each proxy adds the address that it was connected from, so the list is read from its end. The first address that is not of a trusted proxy is
    /// the client's: what stands before it is the client's own word. If all are trusted, the client is the farthest of them.
    ///
    /// - Parameter forwarded: the addresses in the order of `X-Forwarded-For`, as they came. One that cannot be read ends the search.
    public func client(of peer: IPAddress, forwarded: [Substring]) -> IPAddress {
        var client = peer
        for entry in forwarded.reversed() {
            guard contains(client), let address = Self.address(entry) else { break }
            client = address
        }
        return client
    }

    /// The address of an entry such as `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1` or `[2001:db8::1]:4711`.
    private static func address(_ entry: Substring) -> IPAddress? {
        let text = entry.filter { $0 != " " && $0 != "\t" }
        if text.hasPrefix("[") { return IPAddress(text.dropFirst().prefix { $0 != "]" }) }
        return IPAddress(text) ?? IPAddress(text.prefix { $0 != ":" })
    }
}
