/// An answer to a request. The server adds the length, the date, the id of the request, `nosniff`, `no-store` where
/// nothing is said about caching, and the headers that browsers of other origins need.
public struct HTTPResponse: Sendable {
    public var status: Int
    /// The header fields, in order.
    public var headers: [(String, String)]
    public var body: [UInt8]
    /// The stream to which the handler goes on writing the body after it has returned the answer; nil for a body that is already complete. With a
    /// stream, `body` is not sent.
    public var stream: ResponseStream?

    /// An answer with a body of bytes.
    public init(status: Int, headers: [(String, String)] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// An answer with a body of text. The caller gives its `Content-Type`.
    public init(status: Int, headers: [(String, String)] = [], body: String) { self.init(status: status, headers: headers, body: Array(body.utf8)) }

    /// An answer whose body is written while the client reads it.
    public init(status: Int, headers: [(String, String)] = [], stream: ResponseStream) {
        self.init(status: status, headers: headers)
        self.stream = stream
    }

    /// Server-sent events (WHATWG HTML, 9.2). The headers keep proxies from buffering or storing them.
    public static func eventStream(_ stream: ResponseStream) -> HTTPResponse {
        let headers = [("Content-Type", "text/event-stream"), ("Cache-Control", "no-store"), ("X-Accel-Buffering", "no")]
        return HTTPResponse(status: 200, headers: headers, stream: stream)
    }

    /// The headers of every answer, but for a handler's own `Cache-Control`. No browser guesses what a body is, and nothing keeps it.
    static func usual(id: String) -> [(String, String)] {
        [("Request-Id", id), ("X-Content-Type-Options", "nosniff"), ("Cache-Control", "no-store")]
    }

    /// An answer of JSON text.
    public static func json(_ status: Int = 200, _ text: String, headers: [(String, String)] = []) -> HTTPResponse {
        json(status, Array(text.utf8), headers: headers)
    }

    /// An answer of JSON, as UTF-8.
    public static func json(_ status: Int = 200, _ bytes: [UInt8], headers: [(String, String)] = []) -> HTTPResponse {
        HTTPResponse(status: status, headers: [("Content-Type", "application/json")] + headers, body: bytes)
    }
}
