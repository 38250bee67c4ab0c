/// The address that a request is counted by.
public enum ClientAddress {
    /// The client's own address, which the edge has put into `X-Real-IP`. It is believed of a peer in the same machine or private network only: the
    /// services listen nowhere else, and the edge lets no client set the header.
    ///
    /// - Parameters:
    ///   - peer: the address at the other end of the connection.
    ///   - said: the header; nil for none.
    public static func of(peer: String, said: String?) -> String {
        guard let said, isNear(peer), (2...45).contains(said.utf8.count), said.utf8.allSatisfy({ allowed.contains($0) }) else { return peer }
        return said
    }

    private static let allowed = Set("0123456789abcdefABCDEF.:".utf8)

    /// Whether an address is of this machine or of a private network (RFC 1918, RFC 4193, link-local).
    private static func isNear(_ address: String) -> Bool {
        let plain = address.hasPrefix("::ffff:") ? String(address.dropFirst(7)) : address
        if ["127.", "10.", "192.168.", "169.254.", "fc", "fd", "fe80:"].contains(where: plain.hasPrefix) || plain == "::1" { return true }
        let parts = plain.split(separator: ".")
        return parts.count == 4 && parts[0] == "172" && Int(parts[1]).map { (16...31).contains($0) } ?? false
    }
}
