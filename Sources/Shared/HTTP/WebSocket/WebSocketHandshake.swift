internal import CCrypto

/// An accepted request for a WebSocket, kept until the socket is handed over.
struct WebSocketPlan {
    let request: HTTPRequest
    let parameters: PathParameters
    let handler: HTTPRouter.SocketHandler
    let route: String
    /// The owner of the quota that counts the socket; nil for none.
    let quotaOwner: String?
}

/// The opening handshake (RFC 6455, 4).
enum WebSocketHandshake {
    /// The value of `Sec-WebSocket-Accept`. Throws a refusal if the request is not a correct handshake.
    static func accept(_ request: HTTPRequest, _ origins: CrossOrigin) throws(Problem) -> String {
        guard request.method == "GET", request.body.isEmpty, request.headers.contains(token: "upgrade", in: "Connection") else { throw .noUpgrade }
        guard request.headers.all("Sec-WebSocket-Version") == ["13"] else { throw .wrongWebSocketVersion }
        guard request.headers.all("Sec-WebSocket-Key").count == 1, let accept = accept(key: request.header("Sec-WebSocket-Key") ?? "") else {
            throw .badWebSocketKey
        }
        guard origins.allows(request.header("Origin"), host: request.header("Host")) else { throw .originNotAllowed }
        return accept
    }

    /// The maximum length of a sub-protocol's name that is repeated.
    private static let maxProtocolBytes = 64

    /// The sub-protocol of the answer: the first offered one that is well formed; nil if none was offered. The name means nothing, because the path
    /// decides what is spoken. But a browser that has offered sub-protocols ends the connection if none is chosen.
    static func subprotocol(_ request: HTTPRequest) -> String? {
        request.headers.all("Sec-WebSocket-Protocol").lazy.flatMap { $0.split(separator: ",") }.map { offered in
            String(offered.drop { $0 == " " || $0 == "\t" }.prefix { $0 != " " && $0 != "\t" })
        }.first { (1...maxProtocolBytes).contains($0.utf8.count) && $0.utf8.allSatisfy(isTokenByte) }
    }

    /// A character of a token (RFC 9110, 5.6.2).
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"): true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }

    /// The answer to a key; nil if the key is not valid.
    static func accept(key: String) -> String? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(CCRYPTO_ACCEPT_LENGTH) + 1) { buffer in
            ccrypto_websocket_accept(key, buffer.baseAddress) ? String(cString: buffer.baseAddress!) : nil
        }
    }
}
