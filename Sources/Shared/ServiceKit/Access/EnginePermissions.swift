public import Access
internal import Configuration
public import HTTP

/// What the engine's routes need of a caller. A route that names nothing needs `operate`.
extension RoutePermission {
    /// Nothing: the documentation, and what only says that a path is for sockets.
    public static let open = RoutePermission("open")
    /// Nothing for a yes or no; a key that may operate for the reasons.
    public static let probe = RoutePermission("probe")
    /// Any key, to be told what it may do.
    public static let identify = RoutePermission("identify")
    /// To see own orders, quotes, and the state of the engine.
    public static let read = RoutePermission("read")
    /// To ask the venues for quotes.
    public static let quote = RoutePermission("quote")
    /// To look through all orders and whatever the engine stands on.
    public static let examine = RoutePermission("examine")
    /// To place and cancel own orders.
    public static let trade = RoutePermission("trade")
    /// To follow one order, by a key that may read or by a token for that order.
    public static let follow = RoutePermission("follow")
    /// Nothing yet: the first message on the socket has the key.
    public static let introduce = RoutePermission("introduce")
    /// To see and do everything.
    public static let operate = RoutePermission("operate")

    /// One of these scopes is enough, the least powerful first in their names; empty if no scope is needed.
    var scopes: Scopes {
        switch self {
        case .open, .probe, .introduce, .identify: []
        case .read, .quote, .follow: [.read, .operate]
        case .trade: [.trade, .operate]
        default: .operate
        }
    }

    /// Whether a page of another site must not even make the engine do it: it changes something, or costs the venues or the database much.
    func isGuarded(_ method: String) -> Bool {
        let isReading = method == "GET" || method == "HEAD"
        return !isReading || self == .operate || self == .examine || self == .quote
    }

    /// How a request for a route is counted.
    func kind(_ method: String) -> RateLimiter.Kind {
        switch self {
        case .quote, .examine: .quotes
        case .trade where method == "POST": .orders
        default: .requests
        }
    }
}

extension HTTPRequest {
    /// Who sends it. Without a gate, as in tests of single parts, anyone.
    public var principal: Principal { caller as? Principal ?? .anyone }

    /// Who sends it, as limits count it.
    public var countedCaller: String { principal.counted(at: clientAddress) }
}

extension Principal {
    /// What limits count it as: `:` and the name of its key, or `@` and its address. Reading the address of one with a key would be for nothing.
    func counted(at address: @autoclosure () -> IPAddress) -> String { name.isEmpty ? "@\(address().owner)" : ":" + name }
}
