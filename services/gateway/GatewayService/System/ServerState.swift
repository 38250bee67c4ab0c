internal import JSON

/// Whether Redis or Postgres can be used.
enum ServerState: Sendable, Equatable {
    case up
    /// It cannot be used. The reason is in the server's words, or in the client's if the server could not be reached.
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
