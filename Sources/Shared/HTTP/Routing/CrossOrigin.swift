/// Which pages of other origins may use the server (the CORS protocol of the Fetch standard; for WebSockets the `Origin` check of RFC 6455, 10.2).
public enum CrossOrigin: Sendable {
    /// Pages of any origin.
    case any
    /// Pages of the server's own origin, and of these: `https://app.example`. `null` stands for pages without an origin, such as local files.
    case own(and: Set<String>)

    /// Whether a page of that origin may use the server. A client that sends no origin is no page, and is allowed.
    ///
    /// - Parameter host: the request's `Host`: what the page's address has, if the page is the server's own.
    public func allows(_ origin: String?, host: String?) -> Bool {
        guard let origin, case .own(let others) = self else { return true }
        return others.contains { $0.utf8.elementsEqual(origin.utf8) } || Self.authority(origin).map { $0 == host?.lowercased() } ?? false
    }

    /// The host and port of an origin, in lower case; nil if it has none.
    private static func authority(_ origin: String) -> String? {
        let scheme = ["http://", "https://"].first(where: origin.hasPrefix)
        return scheme.map { origin.dropFirst($0.count).lowercased() }
    }

    /// The header fields that let a page of `origin` read the answer.
    func headers(for origin: String, host: String?) -> [(String, String)] {
        let exposed = ("Access-Control-Expose-Headers", Self.exposed)
        return switch self {
        case .any: [("Access-Control-Allow-Origin", "*"), exposed]
        case .own where allows(origin, host: host): [("Access-Control-Allow-Origin", origin), exposed, ("Vary", "Origin")]
        case .own: [("Vary", "Origin")]
        }
    }

    /// The answer to `OPTIONS`, which a browser sends before a page may send requests that are not simple.
    static func answer(methods: String, to headers: HTTPHeaders) -> HTTPResponse {
        var fields = [("Allow", methods)]
        if headers["Access-Control-Request-Method"] != nil {
            fields.append(("Access-Control-Allow-Methods", methods))
            let wanted = headers["Access-Control-Request-Headers"] ?? ""
            // A long list is not echoed: no answer grows with what a client sends.
            fields.append(("Access-Control-Allow-Headers", wanted.isEmpty || wanted.utf8.count > maxEchoBytes ? usual : wanted))
            fields.append(("Access-Control-Max-Age", "600"))
        }
        return HTTPResponse(status: 204, headers: fields)
    }

    private static let maxEchoBytes = 512
    private static let usual = "Authorization, Content-Type, Idempotency-Key, If-Match, Last-Event-ID, X-API-Key"
    private static let exposed = "Allow, ETag, Idempotent-Replayed, Location, RateLimit, RateLimit-Policy, Request-Id, Retry-After, WWW-Authenticate"
}
