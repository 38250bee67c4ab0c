internal import JSON

/// Whether what the engine stands on can be worked with.
enum ServerState: Sendable, Equatable {
    case up
    /// It cannot, in the words of the server or of the client that could not reach it.
    case down(String)
    /// Nobody has tried yet.
    case unknown

    var isDown: Bool { if case .down = self { true } else { false } }

    /// Writes `"<name>":"up"|"down"|null,"<name>Reason":"…"|null`.
    func write(as name: String, to writer: inout JSONWriter) {
        switch self {
        case .up: writer.field(name, "up")
        case .down: writer.field(name, "down")
        case .unknown: writer.raw(name, "null")
        }
        if case .down(let reason) = self { writer.field(name + "Reason", reason) } else { writer.raw(name + "Reason", "null") }
    }
}
