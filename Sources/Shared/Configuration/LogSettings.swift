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

extension LogLevel {
    /// What other programs call these levels.
    private static let otherNames: [String: LogLevel] = [
        "trace": .debug, "verbose": .debug, "fine": .debug, "all": .debug, "information": .info, "notice": .info, "log": .info, "warn": .warning,
        "err": .error, "critical": .error, "crit": .error, "fatal": .error, "alert": .error, "emergency": .error, "emerg": .error, "severe": .error,
        "off": .error, "none": .error, "silent": .error,
    ]

    /// A level under any of its names, in any case; nil for none.
    init?(named text: String) {
        let name = text.lowercased()
        guard let level = LogLevel(rawValue: name) ?? Self.otherNames[name] else { return nil }
        self = level
    }
}

/// The level of the log that was chosen, with a remark where what was given is none.
public struct LogLevelChoice: Sendable, Equatable {
    /// The level.
    public let level: LogLevel
    /// What is to be said about the setting; nil for nothing.
    public let remark: String?
}

/// How a log line looks.
public enum LogFormat: String, Sendable, CaseIterable {
    /// One JSON object a line, for machines.
    case json
    /// Plain text, for people.
    case text
}
