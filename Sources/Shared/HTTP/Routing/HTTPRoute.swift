internal import EventLoop

/// The handlers of one path.
@ServiceActor
final class HTTPRoute {
    let pattern: PathPattern
    var handlers: [Endpoint] = []
    var socket: (query: QueryNames, permission: RoutePermission?, handler: HTTPRouter.SocketHandler)?

    /// The handler of one method.
    struct Endpoint {
        let method: String
        let query: QueryNames
        let permission: RoutePermission?
        let handler: HTTPRouter.Handler
    }

    init(_ pattern: PathPattern) { self.pattern = pattern }

    /// The handler of a method; for `HEAD`, the handler of `GET`.
    func handler(_ method: String) -> Endpoint? {
        let wanted = method == "HEAD" ? "GET" : method
        return handlers.first { $0.method == wanted }
    }

    /// The methods of the path, for `Allow` and for preflights.
    var methods: String {
        var names = handlers.map(\.method)
        if socket != nil && !names.contains("GET") { names.insert("GET", at: 0) }
        if handlers.contains(where: { $0.method == "GET" }) { names.append("HEAD") }
        return (names + ["OPTIONS"]).joined(separator: ", ")
    }

    /// The answer if the path has no handler for the method.
    func refusal(_ method: String) -> HTTPResponse {
        let isForSocket = socket != nil && (method == "GET" || method == "HEAD")
        return (isForSocket ? Problem.upgradeRequired() : .methodNotAllowed(methods)).response
    }
}
