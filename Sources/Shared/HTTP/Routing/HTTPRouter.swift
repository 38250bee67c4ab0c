public import EventLoop

/// Finds the handler of a request by its path and method. Routes are added before the server starts. If two routes fit, one without parameters wins.
@ServiceActor
public final class HTTPRouter {
    /// Answers a request. A `Problem` that it throws is the answer; any other error becomes a plain 500.
    public typealias Handler = @ServiceActor (HTTPRequest, PathParameters) async throws -> HTTPResponse

    /// Serves a WebSocket from its handshake on. The socket stays open when it returns; an error closes it with 1011.
    public typealias SocketHandler = @ServiceActor (HTTPRequest, PathParameters, WebSocket) async throws -> Void

    /// Called once per request with its route's pattern (`unmatched` without one), the status, and the seconds from its head to its answer.
    public var onRequest: (@ServiceActor (_ route: String, _ status: Int, _ seconds: Double) -> Void)?

    /// Called with an error of a handler that is no `Problem`, with its route's pattern and the request's id. For the log.
    public var onError: (@ServiceActor (_ error: any Error, _ route: String, _ id: String) -> Void)?

    /// What a WebSocket or stream of a request counts for; nil for its client's address.
    public var socketQuota: (@ServiceActor (HTTPRequest) -> SocketQuota?)?

    /// Called once when a WebSocket stops being open, with the code of the close frame that was sent or received, or 1006 without one.
    public var onSocketClose: (@ServiceActor (CloseCode) -> Void)?

    /// Called when a limit of the server has kept a client out, repeatedly as long as it does. For the log.
    public var onLimit: (@ServiceActor (HTTPServerLimit) -> Void)?

    /// Called once when a response's stream has ended, with whether it was cut off because its client read too slowly.
    public var onStreamEnd: (@ServiceActor (_ wasTooSlow: Bool) -> Void)?

    /// Decides which requests reach a handler; nil to serve everybody.
    public var gate: (any RequestGate)?

    private var literals: [String: HTTPRoute] = [:]
    private var patterns: [HTTPRoute] = []

    public init() {}

    /// Adds a handler for `GET`, which also serves `HEAD`.
    ///
    /// - Parameters:
    ///   - query: the names that the query may have, each at most once; any other query is answered with 400. Nil allows any query.
    ///   - permission: what the gate asks of a caller; nil is for the most powerful callers only.
    public func get(_ path: String, query: [String]? = nil, for permission: RoutePermission? = nil, _ handler: @escaping Handler) {
        add("GET", path, query: query, for: permission, handler)
    }

    /// Adds a handler for `POST`; the rest as for `get`.
    public func post(_ path: String, query: [String]? = nil, for permission: RoutePermission? = nil, _ handler: @escaping Handler) {
        add("POST", path, query: query, for: permission, handler)
    }

    /// Adds a handler for `DELETE`; the rest as for `get`.
    public func delete(_ path: String, query: [String]? = nil, for permission: RoutePermission? = nil, _ handler: @escaping Handler) {
        add("DELETE", path, query: query, for: permission, handler)
    }

    /// Adds a handler for a method; the rest as for `get`.
    public func add(
        _ method: String, _ path: String, query: [String]? = nil, for permission: RoutePermission? = nil, _ handler: @escaping Handler
    ) {
        route(path).handlers.append(HTTPRoute.Endpoint(method: method, query: QueryNames(names: query), permission: permission, handler: handler))
    }

    /// Adds a WebSocket; the rest as for `get`. The same path may have a handler for `GET`: the `Upgrade` header decides.
    public func webSocket(_ path: String, query: [String]? = nil, for permission: RoutePermission? = nil, _ handler: @escaping SocketHandler) {
        route(path).socket = (QueryNames(names: query), permission, handler)
    }

    /// Every path and method, with the names that its query may have; nil for any name.
    var queries: [(path: String, method: String, names: [String]?)] {
        (Array(literals.values) + patterns).flatMap { route in
            route.handlers.map { (route.pattern.text, $0.method, $0.query.names) }
                + (route.socket.map { [(route.pattern.text, "socket", $0.query.names)] } ?? [])
        }
    }

    private func route(_ path: String) -> HTTPRoute {
        let pattern = PathPattern(path)
        if let known = literals[path] ?? patterns.first(where: { $0.pattern.text == path }) { return known }
        let route = HTTPRoute(pattern)
        if pattern.isLiteral { literals[path] = route } else { patterns.append(route) }
        return route
    }

    /// The answer for a path without a route. It names the path, and the path that was probably meant if only slashes or the case are wrong.
    func notFound(_ target: RequestTarget) -> Problem {
        let folded = "/" + target.rawPath.split(separator: "/").joined(separator: "/").lowercased()
        let meant = folded == target.rawPath ? nil : RequestTarget(folded).flatMap { find($0) }?.route.pattern.text
        let path = target.rawPath.utf8.count <= 128 ? target.rawPath : target.rawPath.prefix(125) + "..."
        return .notFound(path, meant: meant)
    }

    /// The route of a target, with the values of its parameters.
    func find(_ target: RequestTarget) -> (route: HTTPRoute, parameters: PathParameters)? {
        if let route = literals[target.rawPath] { return (route, PathParameters()) }
        let hasEscapes = target.rawPath != target.path
        let segments = target.segments
        for route in hasEscapes ? Array(literals.values) + patterns : patterns {
            if let parameters = route.pattern.match(segments) { return (route, parameters) }
        }
        return nil
    }
}
