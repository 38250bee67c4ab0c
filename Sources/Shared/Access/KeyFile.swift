public import JSON
internal import Orders

/// The file of API keys: `{"keys":[…]}`, each with `name`, `sha256`, `scopes`, and perhaps `user`, `expires`, `limits`.
///
/// It is read strictly: a member that nobody reads could be a limit that its writer relies on.
public struct KeyFile: Sendable, Equatable {
    /// In the order of the file.
    public private(set) var keys: [APIKey]

    public init(keys: [APIKey] = []) { self.keys = keys }

    /// Reads the text of a file.
    public init(parsing bytes: [UInt8]) throws(KeyFileError) {
        guard let value = try? JSONValue.parse(bytes), value.object != nil else { throw KeyFileError("is not a JSON object") }
        try Self.check(value, has: ["keys"], in: "the object")
        guard let list = value["keys"]?.array else { throw KeyFileError("has no list \"keys\"") }
        keys = []
        for (index, entry) in list.enumerated() { try add(try Self.key(entry, place: "keys[\(index)]")) }
    }

    /// Adds a key. Throws if there is one of this name, or the same key under another name.
    public mutating func add(_ key: APIKey) throws(KeyFileError) {
        guard !keys.contains(where: { $0.name == key.name }) else { throw KeyFileError("has a key named \(key.name) already") }
        if let same = keys.first(where: { $0.digest == key.digest }) { throw KeyFileError("has the key \(same.name) a second time, as \(key.name)") }
        keys.append(key)
    }

    /// Removes a key. Returns false if there is none of this name.
    public mutating func remove(_ name: String) -> Bool {
        let count = keys.count
        keys.removeAll { $0.name == name }
        return keys.count < count
    }

    /// The text of the file, one key a line.
    public var text: String {
        let lines = keys.map { "  " + JSONWriter.value($0) }
        return lines.isEmpty ? "{\"keys\":[]}\n" : "{\"keys\":[\n" + lines.joined(separator: ",\n") + "\n]}\n"
    }

    private static func key(_ entry: JSONValue, place: String) throws(KeyFileError) -> APIKey {
        guard entry.object != nil else { throw KeyFileError("\(place) is not an object") }
        try check(entry, has: ["name", "sha256", "scopes", "user", "expires", "limits"], in: place)
        guard let name = entry["name"]?.string, APIKey.isName(name) else {
            throw KeyFileError("\(place).name must be 1 to 64 letters, digits, dots, underscores and dashes")
        }
        guard let digest = entry["sha256"]?.string.flatMap(Digest.init(hex:)) else {
            throw KeyFileError("\(place).sha256 must be 64 lower-case hexadecimal digits")
        }
        guard let scopes = entry["scopes"]?.array.flatMap({ Scopes(names: $0.map { $0.string ?? "" }) }) else {
            throw KeyFileError("\(place).scopes must be a list of \(Scopes.names.map(\.name).joined(separator: ", "))")
        }
        return APIKey(
            name: name, digest: digest, scopes: scopes, user: try user(entry, place), expires: try expires(entry, place),
            limits: try limits(entry, place))
    }

    private static func user(_ entry: JSONValue, _ place: String) throws(KeyFileError) -> UserID? {
        guard let given = entry.given("user") else { return nil }
        guard let user = given.string.flatMap({ UserID($0) }) else { throw KeyFileError("\(place).user must be a text of 1 to 255 characters") }
        return user
    }

    private static func expires(_ entry: JSONValue, _ place: String) throws(KeyFileError) -> UInt64? {
        guard let given = entry.given("expires") else { return nil }
        guard let time = given.string.flatMap(Timestamp.parse).flatMap({ UInt64(exactly: $0) }) else {
            throw KeyFileError("\(place).expires must be a time with a zone, such as 2027-01-31T00:00:00Z")
        }
        return time
    }

    private static func limits(_ entry: JSONValue, _ place: String) throws(KeyFileError) -> KeyLimits {
        guard let given = entry.given("limits") else { return KeyLimits() }
        guard given.object != nil else { throw KeyFileError("\(place).limits must be an object") }
        try check(
            given, has: ["requestsPerSecond", "ordersPerSecond", "sockets", "openOrders", "ordersPerMinute", "orderNotional"],
            in: "\(place).limits")
        return KeyLimits(
            requests: try limit(given, "requestsPerSecond", place), orders: try limit(given, "ordersPerSecond", place),
            sockets: try limit(given, "sockets", place), openOrders: try limit(given, "openOrders", place),
            ordersPerMinute: try limit(given, "ordersPerMinute", place), notional: try notional(given, place))
    }

    private static func notional(_ limits: JSONValue, _ place: String) throws(KeyFileError) -> NotionalLimit? {
        guard let given = limits.given("orderNotional") else { return nil }
        let maxima = (given.object ?? []).map { NotionalLimit.Maximum(token: $0.name, amount: $0.value.string ?? $0.value.number ?? "") }
        let known = maxima.compactMap(\.self)
        guard !known.isEmpty, known.count == maxima.count, known.count <= NotionalLimit.mostTokens else {
            throw KeyFileError("\(place).limits.orderNotional must be an object of amounts above 0, such as {\"SOL\":\"100\"}")
        }
        return NotionalLimit(known)
    }

    private static func limit(_ limits: JSONValue, _ name: String, _ place: String) throws(KeyFileError) -> Int? {
        guard let given = limits.given(name) else { return nil }
        guard let value = given.integer, (1...KeyLimits.most).contains(Int(value)) else {
            throw KeyFileError("\(place).limits.\(name) must be a whole number from 1 to \(KeyLimits.most)")
        }
        return Int(value)
    }

    private static func check(_ value: JSONValue, has names: [String], in place: String) throws(KeyFileError) {
        guard let other = value.object?.first(where: { !names.contains($0.name) }) else { return }
        throw KeyFileError("\(place) has a member that is not known: \(other.name.prefix(40).debugDescription)")
    }
}

/// What is wrong with a file of keys: the rest of a sentence that begins with the file.
public struct KeyFileError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}

extension APIKey: JSONWritable {
    /// Writes the key's entry of the file.
    public func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("name", name)
            $0.field("sha256", digest.hex)
            $0.array("scopes") { list in for name in scopes.names { list.value(string: name) } }
            $0.field("user", ifPresent: user)
            $0.field("expires", ifPresent: expires.map { Timestamp.text(milliseconds: $0) })
            if limits != KeyLimits() { $0.field("limits", limits) }
        }
    }
}

extension KeyLimits: JSONWritable {
    /// The largest value of a limit.
    public static let most = 1_000_000

    /// Writes the limits that are set.
    public func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("requestsPerSecond", ifPresent: requests)
            $0.field("ordersPerSecond", ifPresent: orders)
            $0.field("sockets", ifPresent: sockets)
            $0.field("openOrders", ifPresent: openOrders)
            $0.field("ordersPerMinute", ifPresent: ordersPerMinute)
            $0.field("orderNotional", ifPresent: notional)
        }
    }
}
