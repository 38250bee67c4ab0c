/// The codes of refusals that any HTTP server may give.
public enum HTTPCode: String, ProblemCode {
    /// The headers of an upgrade are not those of a WebSocket.
    case badHandshake = "BAD_HANDSHAKE"
    /// The request, one of its fields or one of its parameters is wrong.
    case badRequest = "BAD_REQUEST"
    case bodyTooLarge = "BODY_TOO_LARGE"
    case headersTooLarge = "HEADERS_TOO_LARGE"
    /// A fault of the server.
    case `internal` = "INTERNAL"
    case methodNotAllowed = "METHOD_NOT_ALLOWED"
    case notFound = "NOT_FOUND"
    case notImplemented = "NOT_IMPLEMENTED"
    /// A page of this origin may not open a WebSocket.
    case originNotAllowed = "ORIGIN_NOT_ALLOWED"
    /// The request may have been carried out nevertheless.
    case outcomeUnknown = "OUTCOME_UNKNOWN"
    /// The request arrived too slowly.
    case requestTimeout = "REQUEST_TIMEOUT"
    /// The answer took too long, and nothing was changed.
    case timeout = "TIMEOUT"
    /// The address of the client has as many connections as allowed.
    case tooManyConnections = "TOO_MANY_CONNECTIONS"
    case tooManySockets = "TOO_MANY_SOCKETS"
    case unsupportedMediaType = "UNSUPPORTED_MEDIA_TYPE"
    /// The path is only for WebSockets.
    case upgradeRequired = "UPGRADE_REQUIRED"
    case uriTooLong = "URI_TOO_LONG"
}

// MARK: The request as it arrives

extension Problem {
    static var requestTooSlow: Problem { Problem(408, HTTPCode.requestTimeout, "The request took too long to arrive: send it again.") }

    static func tooManyParameters(max: Int) -> Problem {
        Problem(414, HTTPCode.uriTooLong, "The query has too many parameters: at most \(max) are read.")
    }

    static func headersTooLarge(maxBytes: Int) -> Problem {
        Problem(431, HTTPCode.headersTooLarge, "The headers are too large: at most \(maxBytes) bytes are read.")
    }

    static func tooManyHeaders(max: Int) -> Problem {
        Problem(431, HTTPCode.headersTooLarge, "The request has too many headers, cookies or parameters: at most \(max) headers are read.")
    }

    static func bodyTooLarge(maxBytes: Int) -> Problem {
        Problem(413, HTTPCode.bodyTooLarge, "The body is too large: at most \(maxBytes) bytes are read.")
    }

    /// The framing or a header is wrong. The sentence says how to send it.
    static func badHead(_ sentence: String) -> Problem { Problem(400, HTTPCode.badRequest, sentence) }

    static var unknownTransferEncoding: Problem { Problem(501, HTTPCode.notImplemented, "The only transfer encoding understood here is chunked.") }

    static var packedBody: Problem {
        Problem(
            415, HTTPCode.unsupportedMediaType, "The body must be sent as it is: leave Content-Encoding (gzip and the like) out.",
            headers: [("Accept-Encoding", "identity")])
    }
}

// MARK: The target of the request

extension Problem {
    static var badTarget: Problem { Problem(400, HTTPCode.badRequest, "The request target is not a valid path.") }

    /// - Parameter meant: the pattern of the path that was probably meant; nil if none differs only in slashes or case.
    static func notFound(_ path: String, meant: String?) -> Problem {
        Problem(404, HTTPCode.notFound, "There is nothing at \(path)" + (meant.map { ": the path is \($0)." } ?? "."))
    }

    static func methodNotAllowed(_ methods: String) -> Problem {
        Problem(405, HTTPCode.methodNotAllowed, "Use one of these methods here: \(methods).", headers: [("Allow", methods)])
    }

    /// The path is only for WebSockets, and the request is no upgrade.
    ///
    /// - Parameter ending: the end of the sentence.
    public static func upgradeRequired(_ ending: String = "one.") -> Problem {
        Problem(
            426, HTTPCode.upgradeRequired, "This path is a WebSocket: connect to it with \(ending)",
            headers: [("Upgrade", "websocket"), ("Connection", "Upgrade")])
    }

    /// Parameters of the query that cannot be used.
    ///
    /// - Parameters:
    ///   - fields: every bad parameter, in order.
    ///   - alone: the sentence if there is only one; nil for the usual sentence.
    static func badParameters(_ fields: [BadField], alone: String?) -> Problem {
        let names = fields.map(\.field).joined(separator: ", ")
        let sentence = fields.count == 1 ? alone : nil
        return Problem(400, HTTPCode.badRequest, sentence ?? "These parameters cannot be used: \(names)", errors: fields)
    }

    static var wrongWebSocketVersion: Problem {
        Problem(
            426, HTTPCode.upgradeRequired, "Speak version 13 of the WebSocket protocol.",
            headers: [("Sec-WebSocket-Version", "13"), ("Upgrade", "websocket")])
    }

    static var noUpgrade: Problem {
        Problem(400, HTTPCode.badHandshake, "A WebSocket begins with a GET that has the header Connection: Upgrade and no body.")
    }

    static var badWebSocketKey: Problem { Problem(400, HTTPCode.badHandshake, "Sec-WebSocket-Key must be 16 bytes in Base64.") }

    public static var originNotAllowed: Problem {
        Problem(403, HTTPCode.originNotAllowed, "Pages of this origin may not use the engine; its operator can list the origin in ALLOWED_ORIGINS.")
    }
}

// MARK: Limits and faults of the server

extension Problem {
    static var tooManySockets: Problem {
        Problem(503, HTTPCode.tooManySockets, "This server holds as many sockets as it may: try again in a few seconds.", retryAfter: 5)
    }

    static var tooManyConnections: Problem {
        Problem(
            503, HTTPCode.tooManyConnections, "Your address has as many connections here as it may: use those, or close some first.", retryAfter: 1)
    }

    /// - Parameter limit: how many sockets and streams the client may have.
    static func tooManySocketsOfClient(limit: Int) -> Problem {
        Problem(
            429, HTTPCode.tooManySockets, "You have \(limit) sockets and streams open here, as many as you may: close one first.", retryAfter: 5)
    }

    /// A handler did not answer in time.
    static func tookTooLong(changesNothing: Bool) -> Problem {
        guard !changesNothing else { return Problem(503, HTTPCode.timeout, "The service took too long: try again.", retryAfter: 1) }
        return Problem(
            503, HTTPCode.outcomeUnknown,
            "The service took too long, and the request may have been carried out: look, or try again with the same Idempotency-Key.",
            retryAfter: 1)
    }

    static var internalFault: Problem {
        Problem(500, HTTPCode.internal, "The service failed to answer: try again, and tell its operator if that does not help.")
    }
}
