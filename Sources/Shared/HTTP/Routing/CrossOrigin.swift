/// Which pages of other origins may use the server (the CORS protocol of the Fetch standard; for WebSockets the `Origin` check of RFC 6455, 10.2).
public enum CrossOrigin: Sendable {
    /// Pages of any origin.
    case any
    /// Pages of these origins: `https://app.example`.
    case only(Set<String>)

    /// Whether a page of that origin may use the server. A client that sends no origin is no page, and is allowed.
    func allows(_ origin: String?) -> Bool {
        guard let origin, case .only(let origins) = self else { return true }
        return origins.contains { $0.utf8.elementsEqual(origin.utf8) }
    }

    /// The header fields that let a page of `origin` read the answer.
    func headers(for origin: String) -> [(String, String)] {
        switch self {
        case .any:
            [("Access-Control-Allow-Origin", "*"), ("Access-Control-Expose-Headers", Self.exposed)]
        case .only where allows(origin):
            [("Access-Control-Allow-Origin", origin), ("Access-Control-Expose-Headers", Self.exposed), ("Vary", "Origin")]
        case .only: [("Vary", "Origin")]
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
    private static let usual = "Authorization, Content-Type, Idempotency-Key, Last-Event-ID"
    private static let exposed = "Allow, Idempotent-Replayed, Location, Retry-After"
}
