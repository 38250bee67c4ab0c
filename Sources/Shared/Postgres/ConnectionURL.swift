internal import CLibpq
internal import EventLoop

/// A connection URL, read once: libpq's options, and the hosts that have to be looked up before each attempt.
struct ConnectionURL: Sendable {
    private let options: [(keyword: String, value: String)]
    private let hosts: [String]
    private let ports: [String]

    /// Reads a URL or a string of `keyword=value`. What libpq finds wrong with it is not passed on: it quotes the text, and with it the password.
    init(_ text: String) throws(PostgresError) {
        guard !text.utf8.contains(0), let parsed = PQconninfoParse(text, nil) else { throw Self.invalid }
        defer { PQconninfoFree(parsed) }
        var options: [(String, String)] = []
        var option = parsed
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { options.append((String(cString: keyword), String(cString: value))) }
            option += 1
        }
        self.options = options
        func list(_ keyword: String) -> [String] {
            let value = options.first { $0.0 == keyword }?.1 ?? ""
            return value.isEmpty ? [] : value.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
        hosts = list("hostaddr").isEmpty ? list("host") : []
        ports = list("port")
        // libpq looks at them when it connects; a password with an unescaped `/` shows here.
        guard ports.allSatisfy({ $0.isEmpty || (UInt16($0) ?? 0) > 0 }) else { throw Self.invalid }
    }

    private static let invalid = PostgresError(
        .invalidConfiguration,
        "the Postgres connection URL is not valid: write postgres://user:password@host:port/database and escape special characters with %")

    /// The options of one attempt. libpq would look names up with a call that blocks; with `hostaddr` it has nothing to look up.
    @ServiceActor
    func parameters(
        name: String, resolver: HostResolver, within limit: Duration
    ) async throws(PostgresError) -> [(keyword: String, value: String)] {
        var result = Self.defaults(name) + options + [("client_encoding", "UTF8")]
        guard hosts.contains(where: HostResolver.isName) else { return result }
        var (names, addresses, portsOfNames): ([String], [String], [String]) = ([], [], [])
        for (index, host) in hosts.enumerated() {
            let found = HostResolver.isName(host) ? try await resolver.addresses(of: host, within: limit) : [""]
            names += found.map { _ in host }
            addresses += found
            portsOfNames += found.map { _ in ports.count > 1 && index < ports.count ? ports[index] : ports.first ?? "" }
        }
        guard !names.isEmpty else { throw PostgresError(.unavailable, "the host name of Postgres could not be resolved") }
        result += [("host", names.joined(separator: ",")), ("hostaddr", addresses.joined(separator: ","))]
        if !ports.isEmpty { result.append(("port", portsOfNames.joined(separator: ","))) }
        return result
    }

    /// What the URL may override. A peer that vanishes without a word is noticed by keep-alive packets, not by the next statement's time-out.
    private static func defaults(_ name: String) -> [(String, String)] {
        [
            ("fallback_application_name", name), ("gssencmode", "disable"), ("tcp_user_timeout", "15000"),
            ("keepalives_idle", "10"), ("keepalives_interval", "5"), ("keepalives_count", "3"),
        ]
    }
}
