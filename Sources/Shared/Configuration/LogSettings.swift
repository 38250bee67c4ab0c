/// How much is logged.
public enum LogLevel: String, Sendable, CaseIterable {
    /// Everything, for finding a fault.
    case debug
    /// What a person wants to know of a healthy service.
    case info
    /// What may need a look.
    case warning
    /// What needs one.
    case error
}

/// How a log line looks.
public enum LogFormat: String, Sendable, CaseIterable {
    /// One JSON object a line, for machines.
    case json
    /// Plain text, for people.
    case text
}
