internal import CLibpq
internal import EventLoop

/// A connection URL that was read once: libpq's options, and the places that are tried one after the other.
struct ConnectionURL: Sendable {
    /// One host of the URL.
    struct Place: Sendable {
        /// A name, an address, the folder of a socket, or an empty text for libpq's default.
        let host: String
        /// The address, if the URL gives it beside the name; otherwise empty.
        let address: String
        let port: String
    }

    private static let maxAddresses = 16

    /// The places to try; at least one.
    let places: [Place]
    /// How long an attempt at one address may take; nil if the URL does not say.
    let connectTimeout: Duration?
    /// The kinds of session to look for, in order of preference; nil for any kind.
    let sessionKinds: [String?]
    private let options: [(keyword: String, value: String)]

    /// Reads a URL or a string of `keyword=value`. libpq's message about a wrong string is not passed on, because it quotes the text with the
    /// password.
    init(_ text: String) throws(PostgresError) {
        guard !text.utf8.contains(0) else { throw .badURL }
        if let scheme = ["postgres://", "postgresql://"].first(where: { text.lowercased().hasPrefix($0) }) {
            options = try URLParts(afterScheme: text.dropFirst(scheme.count)).options
        } else {
            options = try Self.keywordsAndValues(text)
            for (keyword, value) in options { try URLParameter.check(keyword, value) }
        }
        let options = options
        func value(_ keyword: String) -> String { options.last { $0.keyword == keyword }?.value ?? "" }
        func list(_ keyword: String) -> [String] {
            let text = value(keyword)
            return text.isEmpty ? [] : text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
        let (hosts, addresses, ports) = (list("host"), list("hostaddr"), list("port"))
        guard hosts.isEmpty || addresses.isEmpty || hosts.count == addresses.count,
            ports.allSatisfy({ $0.isEmpty || (UInt16($0) ?? 0) > 0 }), ports.count <= max(1, hosts.count, addresses.count)
        else { throw .badURL }
        places = (0..<max(1, hosts.count, addresses.count)).map { index in
            Place(
                host: index < hosts.count ? hosts[index] : "", address: index < addresses.count ? addresses[index] : "",
                port: ports.count > 1 ? (index < ports.count ? ports[index] : "") : ports.first ?? "")
        }
        // 0 means no limit to libpq, but here every attempt has a limit.
        connectTimeout = Int32(value("connect_timeout")).flatMap { $0 > 0 ? .seconds(min($0, 60)) : nil }
        sessionKinds = value("target_session_attrs") == "prefer-standby" ? ["standby", "any"] : [nil]
    }

    private static func keywordsAndValues(_ text: String) throws(PostgresError) -> [(keyword: String, value: String)] {
        guard !text.contains("://"), let parsed = PQconninfoParse(text, nil) else { throw .badURL }
        defer { PQconninfoFree(parsed) }
        var options: [(String, String)] = []
        var option = parsed
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { options.append((String(cString: keyword), String(cString: value))) }
            option += 1
        }
        return options
    }

    /// The options of an attempt at one address. With `hostaddr`, libpq does not look up a name, which would block.
    func parameters(_ place: Place, address: String, session kind: String?, name: String) -> [(keyword: String, value: String)] {
        // libpq ignores empty values, and would use the whole lists of the URL instead.
        var result = Self.defaults(name) + options.filter { !["host", "hostaddr", "port"].contains($0.keyword) }
        result += [("client_encoding", "UTF8"), ("host", place.host), ("hostaddr", address), ("port", place.port)]
        if let kind { result.append(("target_session_attrs", kind)) }
        return result
    }

    /// The addresses of a place. An empty text stands for an address that libpq finds by itself without a name server.
    @ServiceActor
    func addresses(of place: Place, resolver: HostNames, within limit: Duration) async throws(PostgresError) -> [String] {
        guard place.address.isEmpty, HostNames.isName(place.host) else { return [place.address] }
        let found = try await resolver.addresses(of: place.host, within: limit)
        guard !found.isEmpty else { throw PostgresError(.unavailable, "the host name of Postgres could not be resolved") }
        return Array(found.prefix(Self.maxAddresses))
    }

    /// Hides the password wherever it occurs in a text from libpq or the server.
    func withoutPassword(_ text: String) -> String {
        guard let password = options.last(where: { $0.keyword == "password" })?.value, password.utf8.count >= 4 else { return text }
        return text.split(separator: password, omittingEmptySubsequences: false).joined(separator: "…")
    }

    /// Options that the URL may override. Keep-alive packets notice a server that vanishes silently, before the next statement's time-out does.
    private static func defaults(_ name: String) -> [(String, String)] {
        [
            ("fallback_application_name", name), ("gssencmode", "disable"), ("tcp_user_timeout", "15000"),
            ("keepalives_idle", "10"), ("keepalives_interval", "5"), ("keepalives_count", "3"),
        ]
    }
}
