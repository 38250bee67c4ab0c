public import Configuration

/// A request whose whole body has arrived.
public struct HTTPRequest: Sendable {
    /// The method as it was sent: `GET`. A `HEAD` reaches the handler of `GET` as `HEAD`.
    public let method: String
    public let headers: HTTPHeaders
    /// The body; empty if there is none.
    public let body: [UInt8]
    /// The address of the peer. Behind a proxy it is the proxy's.
    public let peerAddress: IPAddress
    /// Who sends it, as the router's gate has found out; nil without a gate.
    public internal(set) var caller: (any AnyObject & Sendable)?
    /// The trace id of the request's `traceparent`, else a new one: 32 hexadecimal digits. The answer has it as `Request-Id`.
    public let id: String
    private let proxies: AddressList
    private let parsedTarget: RequestTarget

    init(
        method: String, target: RequestTarget, headers: HTTPHeaders, body: [UInt8], peerAddress: IPAddress, id: String = "",
        proxies: AddressList = .none
    ) {
        self.id = id
        self.proxies = proxies
        self.method = method
        self.headers = headers
        self.body = body
        self.peerAddress = peerAddress
        parsedTarget = target
    }

    /// The address of the client: as the trusted proxies name it by `X-Forwarded-For`, or without that by `X-Real-IP`, else the peer's.
    public var clientAddress: IPAddress {
        guard proxies.contains(peerAddress) else { return peerAddress }
        let forwarded = headers.all("X-Forwarded-For").flatMap { $0.split(separator: ",") }
        return proxies.client(of: peerAddress, forwarded: forwarded.isEmpty ? headers.all("X-Real-IP").map { $0[...] } : forwarded)
    }

    /// The target as it was sent, with its query and escapes.
    public var target: String { parsedTarget.raw }

    /// The path with its escapes decoded.
    public var path: String { parsedTarget.path }

    /// The query's pairs in order, decoded.
    public var query: [(name: String, value: String)] { parsedTarget.query }

    /// The value of the first query pair of that name, decoded; empty for a name without a value.
    public func query(_ name: String) -> String? { parsedTarget.rawQuery.isEmpty ? nil : query.first { $0.name == name }?.value }

    /// The value of the first header field of that name, in any case.
    public func header(_ name: String) -> String? { headers[name] }
}
