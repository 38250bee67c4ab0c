public import Access
public import HTTP

/// What the engine's routes need of a caller. A route that names nothing needs `operate`.
extension RoutePermission {
    /// Nothing: the process is alive, or the documentation.
    public static let none = RoutePermission("none")
    /// Nothing for a yes or no; a key that may operate for the reasons.
    public static let probe = RoutePermission("probe")
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

    /// One of these scopes is enough; empty if none is needed.
    var scopes: Scopes {
        switch self {
        case .none, .probe, .introduce: []
        case .read, .quote, .follow: [.read, .operate]
        case .trade: [.trade, .operate]
        default: .operate
        }
    }
}

extension RoutePermission {
    /// How a request for a route is counted.
    func kind(_ method: String) -> RateLimiter.Kind {
        switch self {
        case .quote, .examine: .quotes
        case .trade where method == "POST": .orders
        default: .requests
        }
    }

    /// The scope to name in a refusal.
    var scopeName: String {
        switch self {
        case .quote, .follow: "read"
        case .examine: "operate"
        default: name
        }
    }
}

extension HTTPRequest {
    /// Who sends it. Without a gate, as in tests of single parts, anyone.
    public var principal: Principal { caller as? Principal ?? .anyone }
}
