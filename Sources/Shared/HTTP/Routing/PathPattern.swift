/// A path with places for parameters: `/api/orders/{id}`.
struct PathPattern: Sendable {
    private enum Segment: Sendable {
        case literal(String)
        case parameter(String)
    }

    /// The pattern as it was written. Requests are counted under this label.
    let text: String
    private let segments: [Segment]

    init(_ text: String) {
        precondition(text.hasPrefix("/"), "a path pattern begins with a slash: \(text)")
        self.text = text
        segments = text.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map { part in
            part.hasPrefix("{") && part.hasSuffix("}") ? .parameter(String(part.dropFirst().dropLast())) : .literal(String(part))
        }
    }

    /// Whether the pattern is a single path, without parameters.
    var isLiteral: Bool { segments.allSatisfy { if case .literal = $0 { true } else { false } } }

    /// The parameters of a path that fits; nil if the path does not fit. A parameter is never empty.
    func match(_ path: [String]) -> PathParameters? {
        guard path.count == segments.count else { return nil }
        var parameters = PathParameters()
        for (segment, value) in zip(segments, path) {
            switch segment {
            case .literal(let text): if text != value { return nil }
            case .parameter(let name):
                if value.isEmpty { return nil }
                parameters.values.append((name, value))
            }
        }
        return parameters
    }
}

/// The decoded values of a path at the places of its pattern's parameters.
public struct PathParameters: Sendable {
    fileprivate(set) var values: [(name: String, value: String)] = []

    /// The value of a parameter; the route's pattern must have it.
    public subscript(name: String) -> String {
        guard let pair = values.first(where: { $0.name == name }) else { preconditionFailure("the route has no parameter \(name)") }
        return pair.value
    }
}
