/// How much is logged.
public enum LogLevel: String, Sendable, CaseIterable {
    /// Everything, for finding a fault.
    case debug
    /// Things that a person wants to know about a healthy service.
    case info
    /// Things that may need attention.
    case warning
    /// Things that need attention.
    case error
}

extension LogLevel {
    /// The names that other programs use for these levels.
    private static let otherNames: [String: LogLevel] = [
        "trace": .debug, "verbose": .debug, "fine": .debug, "all": .debug, "information": .info, "notice": .info, "log": .info, "warn": .warning,
        "err": .error, "critical": .error, "crit": .error, "fatal": .error, "alert": .error, "emergency": .error, "emerg": .error, "severe": .error,
        "off": .error, "none": .error, "silent": .error,
    ]

    /// A level under any of its names, in any case; nil for any other text.
    init?(named text: String) {
        let name = text.lowercased()
        guard let level = LogLevel(rawValue: name) ?? Self.otherNames[name] else { return nil }
        self = level
    }
}

/// The chosen level of the log, with a remark if the given text is no level.
public struct LogLevelChoice: Sendable, Equatable {
    public let level: LogLevel
    /// A remark about the setting; nil for none.
    public let remark: String?
}

/// The form of a log line.
public enum LogFormat: String, Sendable, CaseIterable {
    /// One JSON object per line, for machines.
    case json
    /// Plain text, for people.
    case text
}
