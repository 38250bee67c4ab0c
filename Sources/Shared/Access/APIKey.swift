public import Orders

/// What a caller may do.
public struct Scopes: OptionSet, Sendable, Hashable {
    public let rawValue: Int

    public init(rawValue: Int) { self.rawValue = rawValue }

    /// Place and cancel own orders.
    public static let trade = Scopes(rawValue: 1)
    /// Read and follow own orders, quotes, and the state of the engine.
    public static let read = Scopes(rawValue: 2)
    /// Read and cancel all orders, and use the operator's endpoints.
    public static let operate = Scopes(rawValue: 4)

    public static let all: Scopes = [.trade, .read, .operate]

    /// The names in the file of keys, in the order in which they are written.
    public static let names: [(name: String, scope: Scopes)] = [("trade", .trade), ("read", .read), ("operate", .operate)]

    /// The names of the scopes in this set.
    public var names: [String] { Self.names.filter { contains($0.scope) }.map(\.name) }

    /// The scopes with these names, at least one; nil if a name is not known.
    public init?(names: [String]) {
        var scopes: Scopes = []
        for name in names {
            guard let known = Self.names.first(where: { $0.name == name }) else { return nil }
            scopes.insert(known.scope)
        }
        guard !scopes.isEmpty else { return nil }
        self = scopes
    }
}

/// An API key as the file of keys has it: everything but the key itself.
public struct APIKey: Sendable, Equatable {
    /// What logs and lists call it: letters, digits, `.`, `_` and `-`, at most 64.
    public let name: String
    /// The SHA-256 of the key's 32 random bytes.
    public let digest: Digest
    public let scopes: Scopes
    /// The user that the key is bound to; nil for none.
    public let user: UserID?
    /// Unix milliseconds from which on it is refused; nil for never.
    public let expires: UInt64?
    public let limits: KeyLimits

    /// A key by its parts.
    public init(name: String, digest: Digest, scopes: Scopes, user: UserID? = nil, expires: UInt64? = nil, limits: KeyLimits = KeyLimits()) {
        self.name = name
        self.digest = digest
        self.scopes = scopes
        self.user = user
        self.expires = expires
        self.limits = limits
    }

    /// Whether its time is over.
    ///
    /// - Parameter now: Unix milliseconds.
    public func isExpired(at now: UInt64) -> Bool { expires.map { $0 <= now } ?? false }

    /// Whether a text can be the name of a key.
    public static func isName(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"): true
                default: "._-".utf8.contains(byte)
                }
            }
    }
}

/// Limits of one key in place of the usual ones; nil for the usual one.
public struct KeyLimits: Sendable, Equatable {
    /// Requests a second.
    public var requests: Int?
    /// Orders a second.
    public var orders: Int?
    /// Sockets and streams that are open in one process.
    public var sockets: Int?
    /// Open orders of the key's owner.
    public var openOrders: Int?
    /// Orders of the key's owner that are taken within a minute.
    public var ordersPerMinute: Int?
    /// The most that one order may sell of each token.
    public var notional: NotionalLimit?
    /// Whether the orders of the key's owner are counted.
    public var countsOrders: Bool { openOrders != nil || ordersPerMinute != nil }

    public init(
        requests: Int? = nil, orders: Int? = nil, sockets: Int? = nil, openOrders: Int? = nil, ordersPerMinute: Int? = nil,
        notional: NotionalLimit? = nil
    ) {
        self.requests = requests
        self.orders = orders
        self.sockets = sockets
        self.openOrders = openOrders
        self.ordersPerMinute = ordersPerMinute
        self.notional = notional
    }
}

/// The key itself, which only its holder has: `oek_` and 64 hexadecimal digits.
public struct KeySecret: Sendable, CustomStringConvertible {
    private static let prefix = "oek_"
    private static let byteCount = 32
    private static let length = prefix.utf8.count + 2 * byteCount

    private let bytes: [UInt8]

    /// A new key.
    public static func random() -> KeySecret { KeySecret(bytes: RandomBytes.make(byteCount)) }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    /// Reads a key as its holder sends it; nil for anything else.
    public init?(_ text: String) {
        guard text.utf8.count == Self.length, text.hasPrefix(Self.prefix) else { return nil }
        var text = text
        guard let bytes = text.withUTF8({ Hex.decode($0.dropFirst(Self.prefix.utf8.count)) }) else { return nil }
        self.bytes = bytes
    }

    /// The key as its holder sends it.
    public var text: String { Self.prefix + Hex.encode(bytes) }

    public var digest: Digest { Digest(of: bytes) }

    /// Reveals nothing.
    public var description: String { "(hidden)" }
}
