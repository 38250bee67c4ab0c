internal import Glibc

/// An IPv4 or IPv6 address. An IPv4 address is kept as IPv6 maps it (`::ffff:192.0.2.1`), so that it is the same on a socket of either family.
public struct IPAddress: Sendable, Hashable, CustomStringConvertible {
    /// `::`, which stands for an address that is not known.
    public static let unspecified = IPAddress(high: 0, low: 0)

    let high: UInt64
    let low: UInt64

    init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// The 16 bytes of an IPv6 address, in the order of the network.
    public init(_ bytes: UnsafeRawBufferPointer) {
        high = UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self))
        low = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    }

    /// Nil if the text is no numeric address.
    public init?(_ text: some StringProtocol) {
        guard text.utf8.count <= Int(INET6_ADDRSTRLEN), !text.utf8.contains(0) else { return nil }
        let text = String(text)
        var four = in_addr()
        if inet_pton(AF_INET, text, &four) == 1 {
            self.init(high: 0, low: 0xffff_0000_0000 | UInt64(UInt32(bigEndian: four.s_addr)))
            return
        }
        var six = in6_addr()
        guard inet_pton(AF_INET6, text, &six) == 1 else { return nil }
        self = withUnsafeBytes(of: &six) { IPAddress($0) }
    }

    public var isIPv4: Bool { high == 0 && low >> 32 == 0xffff }

    /// What the clients of one owner have in common: an IPv4 address itself, and the first 64 bits of an IPv6 address, because whoever has one such
    /// address has all of its network.
    public var owner: IPAddress { isIPv4 ? self : IPAddress(high: high, low: 0) }

    public var description: String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { buffer in
            if isIPv4 {
                var four = in_addr(s_addr: UInt32(truncatingIfNeeded: low).bigEndian)
                inet_ntop(AF_INET, &four, buffer.baseAddress, socklen_t(buffer.count))
            } else {
                var six = (high.bigEndian, low.bigEndian)
                inet_ntop(AF_INET6, &six, buffer.baseAddress, socklen_t(buffer.count))
            }
            return String(cString: buffer.baseAddress!)
        }
    }
}
