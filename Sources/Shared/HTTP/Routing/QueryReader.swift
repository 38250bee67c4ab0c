/// Reads the values of a request's query, and reports all values that cannot be used at once.
///
/// The route declares the names (`HTTPRouter.get`). A name that it does not take, or that comes twice, is refused before a handler runs.
public struct QueryReader {
    private let request: HTTPRequest
    private var bad: [Problem.BadField] = []
    /// The sentence to use if the first bad parameter stays the only one.
    private var alone: String?

    /// A reader that has read nothing.
    public init(_ request: HTTPRequest) { self.request = request }

    /// A parameter; nil if it is missing or cannot be used. In the second case `check` throws the complaint.
    ///
    /// - Parameters:
    ///   - complaint: what is wrong with the value: `must be full or summary`.
    ///   - alone: the whole sentence of the refusal if no other parameter is wrong; nil for the usual sentence.
    ///   - readsEmpty: whether a name without a value has the empty text as its value; otherwise it counts as missing.
    ///   - parse: makes the value from the text; nil if the text cannot be used.
    public mutating func read<Value>(
        _ name: String, _ complaint: String, alone: String? = nil, readsEmpty: Bool = false, _ parse: (String) -> Value?
    ) -> Value? {
        guard let text = request.query(name), readsEmpty || !text.isEmpty else { return nil }
        let value = parse(text)
        if value == nil {
            if bad.isEmpty { self.alone = alone }
            bad.append(Problem.BadField(field: name, message: complaint))
        }
        return value
    }

    /// Reads a whole number in a range.
    public mutating func read(_ name: String, in range: ClosedRange<Int>) -> Int? {
        read(name, "must be a whole number from \(range.lowerBound) to \(range.upperBound)") { text in
            Int(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    /// Throws a 400 that names every parameter that cannot be used, in the order in which they were read.
    public func check() throws(Problem) { guard bad.isEmpty else { throw .badParameters(bad, alone: alone) } }
}
