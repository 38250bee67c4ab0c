/// Where a WebSocket is, from an `http` URL.
struct WebSocketAddress: Equatable {
    /// A name or a numeric address, without brackets.
    let host: String
    let port: UInt16
    /// The value of the header `Host`.
    let authority: String
    /// Path and query.
    let target: String

    /// Nil for a URL that is not of this kind: another scheme, a user in it, or characters that no request line can hold.
    init?(_ url: String) {
        guard url.lowercased().hasPrefix("http://"), url.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else { return nil }
        let rest = url.dropFirst("http://".count)
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let target = rest.dropFirst(authority.count).prefix { $0 != "#" }
        let isBracketed = authority.hasPrefix("[")
        let host = isBracketed ? authority.dropFirst().prefix { $0 != "]" } : authority.prefix { $0 != ":" }
        let tail = authority.dropFirst(host.count + (isBracketed ? 2 : 0))
        guard !host.isEmpty, !authority.contains("@"), tail.isEmpty || tail.hasPrefix(":") else { return nil }
        guard let port = tail.count <= 1 ? 80 : UInt16(tail.dropFirst()), port > 0 else { return nil }
        self.host = String(host)
        self.port = port
        self.authority = String(authority)
        self.target = target.hasPrefix("/") ? String(target) : "/" + target
    }
}
