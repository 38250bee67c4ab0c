internal import HTTP

/// Reads the parameters of a request's query, and tells of all at once that cannot be used.
struct QueryReader {
    private let request: HTTPRequest
    private var errors: [Problem.FieldError] = []

    init(_ request: HTTPRequest) { self.request = request }

    /// A parameter; nil where it is missing, empty or, which `check` tells by the complaint, not to be used.
    mutating func read<Value>(_ name: String, _ complaint: String, _ parse: (String) -> Value?) -> Value? {
        guard let text = request.query(name), !text.isEmpty else { return nil }
        let value = parse(text)
        if value == nil { errors.append(Problem.FieldError(field: name, message: complaint)) }
        return value
    }

    /// The same of a whole number in a range.
    mutating func read(_ name: String, in range: ClosedRange<Int>) -> Int? {
        read(name, "must be a whole number from \(range.lowerBound) to \(range.upperBound)") { text in
            Int(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    /// Throws a 400 that names every parameter that cannot be used, in the order in which they were read.
    func check() throws(Problem) {
        guard errors.isEmpty else {
            throw Problem(400, code: "BAD_REQUEST", "These parameters cannot be used: \(errors.map(\.field).joined(separator: ", "))", errors: errors)
        }
    }
}
