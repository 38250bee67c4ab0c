/// A refusal as RFC 9457 describes it, with this API's own members. Every refusal of every service is built here; a handler may throw it.
public struct Problem: Error, Sendable {
    /// What is wrong with one field of the input.
    public struct FieldError: Sendable, Equatable {
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

    /// The status code.
    public let status: Int
    /// A stable code for programs, `ORDER_FINAL`.
    public let code: String
    /// One sentence that says what to do.
    public let error: String
    /// Every bad field, where the input is at fault.
    public let errors: [FieldError]
    /// Further members as JSON text without braces, `"orderId":"…"`; empty for none.
    public let members: String
    /// Further header fields, `Retry-After`.
    public let headers: [(String, String)]

    /// A refusal.
    public init(
        _ status: Int, code: String, _ error: String, errors: [FieldError] = [], members: String = "", headers: [(String, String)] = []
    ) {
        self.status = status
        self.code = code
        self.error = error
        self.errors = errors
        self.members = members
        self.headers = headers
    }

    /// The body, JSON without spaces.
    public var text: String {
        var text = #"{"type":"about:blank","title":"\#(Self.title(status))","status":\#(status),"success":false"#
        text += #","code":\#(Self.quoted(code)),"error":\#(Self.quoted(error))"#
        if !errors.isEmpty {
            let list = errors.map { #"{"field":\#(Self.quoted($0.field)),"message":\#(Self.quoted($0.message))}"# }
            text += #","errors":[\#(list.joined(separator: ","))]"#
        }
        if !members.isEmpty { text += "," + members }
        return text + "}"
    }

    /// The answer to send.
    public var response: HTTPResponse {
        HTTPResponse(status: status, headers: [("Content-Type", "application/problem+json")] + headers, body: text)
    }

    /// The standard's name of a status, which is the title of a problem without a type of its own.
    static func title(_ status: Int) -> String {
        titles[status] ?? (status < 500 ? "Bad Request" : "Internal Server Error")
    }

    private static let titles: [Int: String] = [
        400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 408: "Request Timeout",
        409: "Conflict", 410: "Gone", 413: "Content Too Large", 415: "Unsupported Media Type", 422: "Unprocessable Content",
        426: "Upgrade Required", 429: "Too Many Requests", 431: "Request Header Fields Too Large", 500: "Internal Server Error",
        501: "Not Implemented", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout",
    ]

    /// A JSON string.
    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\0"..<" ":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
