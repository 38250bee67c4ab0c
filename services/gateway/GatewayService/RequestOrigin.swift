internal import HTTP

/// The address at which clients reach the engine.
struct RequestOrigin {
    /// The beginning of a WebSocket's URL, without a slash at the end.
    let webSocket: String
    /// The path below which clients see the engine, without a slash at the end; empty for none.
    let path: String

    /// Uses `PUBLIC_URL` if it is set, else the headers of the request and of the proxies.
    init(_ request: HTTPRequest, publicURL: String?) {
        if let publicURL {
            webSocket = "ws" + publicURL.dropFirst("http".count)
            path = Self.path(of: publicURL)
        } else {
            webSocket = (Self.isSecure(request) ? "wss" : "ws") + "://" + (request.header("Host") ?? "localhost")
            path = ""
        }
    }

    private static func path(of url: String) -> String {
        let rest = url.dropFirst((url.hasPrefix("https") ? "https://" : "http://").count)
        return rest.firstIndex(of: "/").map { String(rest[$0...]) } ?? ""
    }

    /// Whether the client's own connection was TLS. If several proxies are named, the first one is the client's.
    private static func isSecure(_ request: HTTPRequest) -> Bool {
        if let scheme = request.header("X-Forwarded-Proto").map(first), ["https", "wss"].contains(scheme) { return true }
        if request.header("X-Forwarded-Ssl").map(first) == "on" { return true }
        let pairs = (request.header("Forwarded").map(first) ?? "").split(separator: ";").map { $0.filter { !" \t\"".contains($0) } }
        return pairs.contains("proto=https") || pairs.contains("proto=wss")
    }

    /// The first value of a list, in lower case.
    private static func first(_ list: String) -> String { list.prefix { $0 != "," }.filter { $0 != " " && $0 != "\t" }.lowercased() }
}
