public import JSON

/// A refusal as RFC 9457 describes it, with further members of this API. A handler may throw it.
///
/// Refusals are not built where they are thrown: `Problem+HTTP.swift` has those of any server, the services' `Refusals.swift` those of the engine.
public struct Problem: Error, Sendable {
    /// What is wrong with one field of the input.
    public struct BadField: Sendable, Equatable {
        /// The field as the client wrote it.
        public let field: String
        /// What is wrong, for a person.
        public let message: String

        /// A message about a field.
        public init(field: String, message: String) {
            self.field = field
            self.message = message
        }
    }

    public let status: Int
    /// A stable code for programs, `NOT_FOUND`: the raw value of a `ProblemCode`.
    public let code: String
    /// One sentence that says what to do.
    public let error: String
    /// Every bad field; empty if the fields are not the problem.
    public let errors: [BadField]
    /// Further members as JSON text without braces, such as `"orderId":"…"`; empty for none.
    public let members: String
    /// Further header fields, such as `Retry-After`.
    public let headers: [(String, String)]

    /// A refusal.
    ///
    /// - Parameter retryAfter: seconds until it makes sense to ask again; nil if that is not known or will never be.
    public init(
        _ status: Int, _ code: some ProblemCode, _ error: String, errors: [BadField] = [], members: String = "",
        headers: [(String, String)] = [], retryAfter: Int? = nil
    ) {
        self.status = status
        self.code = code.rawValue
        self.error = error
        self.errors = errors
        self.members = members
        self.headers = headers + (retryAfter.map { [("Retry-After", String($0))] } ?? [])
    }

    /// The body, JSON without spaces.
    public var text: String {
        JSONWriter.object { writer in
            writer.field("type", "about:blank")
            writer.field("title", Self.title(status))
            writer.field("status", status)
            writer.field("success", false)
            writer.field("code", code)
            writer.field("error", error)
            if !errors.isEmpty { writer.field("errors", errors) }
            writer.splice(members)
        }
    }

    /// The answer to send.
    public var response: HTTPResponse { HTTPResponse(status: status, headers: [("Content-Type", "application/problem+json")] + headers, body: text) }

    /// The standard name of a status. It is the title of a problem without a type of its own.
    static func title(_ status: Int) -> String { titles[status] ?? (status < 500 ? "Bad Request" : "Internal Server Error") }

    private static let titles: [Int: String] = [
        400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 408: "Request Timeout",
        409: "Conflict", 410: "Gone", 412: "Precondition Failed", 413: "Content Too Large", 415: "Unsupported Media Type", 421: "Misdirected Request",
        422: "Unprocessable Content",
        426: "Upgrade Required", 429: "Too Many Requests", 431: "Request Header Fields Too Large", 500: "Internal Server Error",
        501: "Not Implemented", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout",
    ]
}

/// A closed set of codes that a refusal may carry: an enum whose raw values are part of the API. The contract's test lists every such enum.
public protocol ProblemCode: RawRepresentable<String>, CaseIterable, Sendable {}

extension Problem.BadField: JSONWritable {
    public func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("field", field)
            $0.field("message", message)
        }
    }
}
