internal import Configuration

/// The parts of `postgres://user:password@host:port,host:port/database?parameter=value`, as libpq's options.
///
/// A password may have any character, escaped or not. A URL that cannot be read by the standard is read again with everything before the last `@` as
/// user and password.
struct URLParts {
    private(set) var options: [(keyword: String, value: String)] = []

    /// Reads the text after the scheme. The error never repeats a part that may belong to a password.
    init(afterScheme text: Substring) throws(PostgresError) {
        let authority = text.prefix { $0 != "/" && $0 != "?" }
        let standard = authority.lastIndex(of: "@")
        do {
            options = try Self.read(text, login: standard)
        } catch {
            let last = text.lastIndex(of: "@")
            if let last, last != standard, text[..<last].contains(":"), let options = try? Self.read(text, login: last) {
                self.options = options
                return
            }
            // With several `@`, it is not clear where the password ends.
            throw last == standard && !text[..<(last ?? text.startIndex)].contains("@") ? error : .badURL
        }
    }

    private static func read(_ text: Substring, login end: Substring.Index?) throws(PostgresError) -> [(String, String)] {
        var options: [(String, String)] = []
        var rest = text
        if let end {
            options += try login(text[..<end])
            rest = text[text.index(after: end)...]
        }
        let location = rest.prefix { $0 != "/" && $0 != "?" }
        options += try addresses(location)
        rest = rest[location.endIndex...]
        if rest.first == "/" {
            let database = rest.dropFirst().prefix { $0 != "?" }
            guard !database.contains("/"), !database.contains("@"), let name = PercentEncoding.decode(database) else { throw .badURL }
            if !name.isEmpty { options.append(("dbname", name)) }
            rest = rest[database.endIndex...]
        }
        for parameter in rest.dropFirst().split(separator: "&") { options.append(try self.parameter(parameter)) }
        return options
    }

    private static func login(_ text: Substring) throws(PostgresError) -> [(String, String)] {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let user = PercentEncoding.decode(parts[0]) else { throw .badURL }
        var options = user.isEmpty ? [] : [("user", user)]
        // A password with a percent sign that begins no escape is taken as it is.
        if parts.count == 2, !parts[1].isEmpty { options.append(("password", PercentEncoding.decode(parts[1]) ?? String(parts[1]))) }
        return options
    }

    private static func addresses(_ text: Substring) throws(PostgresError) -> [(String, String)] {
        guard !text.isEmpty else { return [] }
        var (hosts, ports): ([String], [String]) = ([], [])
        for place in text.split(separator: ",", omittingEmptySubsequences: false) {
            var (host, port) = (place, Substring())
            if place.first == "[" {
                guard let close = place.firstIndex(of: "]") else { throw .badURL }
                host = place[place.index(after: place.startIndex)..<close]
                let tail = place[place.index(after: close)...]
                guard tail.isEmpty || tail.first == ":", host.allSatisfy({ $0.isHexDigit || ":.%".contains($0) }) else { throw .badURL }
                port = tail.dropFirst()
            } else if let colon = place.firstIndex(of: ":") {
                (host, port) = (place[..<colon], place[place.index(after: colon)...])
            }
            guard let name = place.first == "[" ? String(host) : PercentEncoding.decode(host), isPlausible(name), isPort(port) else { throw .badURL }
            hosts.append(name)
            ports.append(String(port))
        }
        return [("host", hosts.joined(separator: ",")), ("port", ports.joined(separator: ","))]
    }

    private static func isPort(_ text: Substring) -> Bool { text.isEmpty || text.allSatisfy(\.isASCII) && (UInt16(text) ?? 0) > 0 }

    /// A name, an address, or the folder of a socket.
    private static func isPlausible(_ host: String) -> Bool {
        if let first = host.first, first == "/" || first == "@" { return true }
        return host.unicodeScalars.allSatisfy { $0.properties.isAlphabetic || "0123456789-._:%".unicodeScalars.contains($0) }
    }

    private static func parameter(_ text: Substring) throws(PostgresError) -> (String, String) {
        guard let equals = text.firstIndex(of: "="), let keyword = PercentEncoding.decode(text[..<equals]),
            let value = PercentEncoding.decode(text[text.index(after: equals)...])
        else { throw .badURL }
        // libpq does the same for URLs of JDBC.
        if keyword == "ssl" && value == "true" { return ("sslmode", "require") }
        try URLParameter.check(keyword, value)
        return (keyword, value)
    }
}

extension PostgresError {
    static let badURL = PostgresError(
        .invalidConfiguration,
        "the Postgres connection URL is not valid: write postgres://user:password@host:port/database; in user, password and database a character "
            + "such as @ : / ? # % is written as its escape, %40 %3A %2F %3F %23 %25")
}
