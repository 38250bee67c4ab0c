/// Which values of a request's `Host` are the engine's own.
///
/// A page of another site may make its own host name point to the engine (DNS rebinding). To a browser it is then the engine's own page. But `Host`
/// still has the page's name.
public struct HostRule: Sendable {
    private let names: Set<String>

    /// - Parameter names: host names in lower case, besides those that no foreign page can have.
    public init(names: Set<String>) { self.names = names }

    /// Whether a page at this host can only be the engine's own.
    ///
    /// - Parameter host: the header, with or without a port; nil if the request has none, as that of a client which is no browser.
    public func allows(_ host: String?) -> Bool {
        guard let host else { return true }
        let name = Self.name(of: host.lowercased())
        // Nobody but the owner of this machine or network gives an address to a name without a dot.
        return Self.isAddress(name) || !name.contains(".") || name.hasSuffix(".localhost") || names.contains(String(name))
    }

    /// The host without its port and without a final dot.
    private static func name(of host: String) -> Substring {
        if host.hasPrefix("[") { return host.prefix { $0 != "]" } }
        let name = host.prefix { $0 != ":" }
        return name.hasSuffix(".") ? name.dropLast() : name
    }

    /// Whether it is an IPv4 address in four parts, or an IPv6 address in brackets. A browser sends no other forms.
    private static func isAddress(_ name: Substring) -> Bool {
        if name.hasPrefix("[") { return true }
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { (1...3).contains($0.utf8.count) && Int($0).map { (0...255).contains($0) } ?? false }
    }
}
