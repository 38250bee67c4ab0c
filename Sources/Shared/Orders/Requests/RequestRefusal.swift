public import JSON

/// One field of a request that can't be accepted.
public struct FieldError: Sendable, Hashable {
    /// The name the client used, or would have to use.
    public let field: String
    /// One sentence.
    public let message: String

    public init(field: String, message: String) {
        self.field = field
        self.message = message
    }
}

extension FieldError: JSONWritable {
    /// Writes `{"field","message"}`.
    public func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("field", field)
            $0.field("message", message)
        }
    }
}

/// Why a request is refused before it changes anything: status 400, or 422 for `badTerms`.
public struct RequestRefusal: Error, Sendable, Hashable {
    /// The kinds; the raw values are part of the API.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// The body is not JSON.
        case badJSON = "BAD_JSON"
        /// A field is missing or wrong.
        case badRequest = "BAD_REQUEST"
        /// Each field alone is all right, and the order makes no sense with them.
        case badTerms = "BAD_TERMS"
        /// The price that the order would wait for is reached already.
        case triggerReached = "TRIGGER_REACHED"
    }

    public let code: Code
    /// One sentence.
    public let error: String
    public let errors: [FieldError]

    /// Makes a refusal of the whole body.
    public init(code: Code, error: String, errors: [FieldError] = []) {
        self.code = code
        self.error = error
        self.errors = errors
    }

    /// Makes a refusal of fields. With one error, the sentence is that error's; with several, it names all fields.
    public init(errors: [FieldError], code: Code = .badRequest) {
        var fields: [String] = []
        for error in errors where !fields.contains(error.field) { fields.append(error.field) }
        self.init(
            code: code,
            error: errors.count == 1 ? errors[0].message : "These fields are missing or not valid: \(fields.joined(separator: ", "))", errors: errors)
    }
}
