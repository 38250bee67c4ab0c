/// A request whose whole body has arrived.
public struct HTTPRequest: Sendable {
    /// The method as it was sent: `GET`. A `HEAD` reaches the handler of `GET` as `HEAD`.
    public let method: String
    public let headers: HTTPHeaders
    /// The body; empty if there is none.
    public let body: [UInt8]
    /// The address of the peer, for example `127.0.0.1`. Behind a proxy it is the proxy's.
    public let remoteAddress: String
    /// Who sends it, as the router's gate has found out; nil without a gate.
    public internal(set) var caller: (any AnyObject & Sendable)?
    private let parsedTarget: RequestTarget

    init(method: String, target: RequestTarget, headers: HTTPHeaders, body: [UInt8], remoteAddress: String) {
        self.method = method
        self.headers = headers
        self.body = body
        self.remoteAddress = remoteAddress
        parsedTarget = target
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
