internal import Synchronization

/// Writes the log lines of one process: an event's name and its fields, as one JSON object or as text.
///
/// A line is at most ``maxLineBytes`` long and never blocks. A line that cannot be written at once is lost, and the next line says how many were lost
/// (`lost`). The caller chooses the names of fields, except `time`, `level`, `service`, `instance`, `event`, `suppressed`, `lost` and `truncated`:
/// these belong to the logger and must not be used.
public final class Logger: Sendable {
    /// The levels, the least important first.
    public enum Level: String, Sendable, CaseIterable, Comparable {
        /// Everything, for finding a fault.
        case debug
        /// Things that a person wants to know about a healthy service.
        case info
        /// Things that may need attention.
        case warning
        /// Things that need attention.
        case error

        /// Whether the left level is less important; `debug` is the least important.
        public static func < (left: Level, right: Level) -> Bool { left.rank < right.rank }

        private var rank: Int {
            switch self {
            case .debug: 0
            case .info: 1
            case .warning: 2
            case .error: 3
            }
        }
    }

    /// The form of a line.
    public enum Format: String, Sendable, CaseIterable {
        /// One JSON object.
        case json
        /// Plain text for people.
        case text
    }

    /// The maximum length of a line with its newline. A pipe takes that many bytes as a whole or not at all (PIPE_BUF).
    public static let maxLineBytes = 4096

    /// The lowest level that is logged.
    public let level: Level
    private let origin: LogLine.Origin
    private let format: Format
    private let sink: any LogSink
    private let clock: LogClock
    private let lost = Atomic<Int>(0)
    private let limits = Mutex(LogLimits())

    /// - Parameters:
    ///   - service: the name of the service. It is in every line.
    ///   - instance: the name that tells this process from its replicas. It is in every line.
    ///   - sink: the destination of the lines; standard output by default.
    public convenience init(
        service: String, instance: String, level: Level = .info, format: Format = .json, sink: any LogSink = DescriptorSink.standardOutput
    ) {
        self.init(service: service, instance: instance, level: level, format: format, sink: sink, clock: .system)
    }

    init(service: String, instance: String, level: Level, format: Format, sink: any LogSink, clock: LogClock) {
        self.level = level
        origin = LogLine.Origin(service: service, instance: instance)
        self.format = format
        self.sink = sink
        self.clock = clock
    }

    /// Logs `event`, a dotted name such as `order.confirmed`. The fields are not computed if the level is not logged.
    public func log(_ level: Level, _ event: String, _ fields: @autoclosure () -> LogFields = [:]) {
        guard level >= self.level else { return }
        write(level, event, Array(fields()), suppressed: 0)
    }

    /// Logs `event` with fields in front that say what it is about: an order and its trace.
    public func log(_ level: Level, _ event: String, about subject: @autoclosure () -> [LogField], _ fields: @autoclosure () -> LogFields = [:]) {
        guard level >= self.level else { return }
        write(level, event, subject() + Array(fields()), suppressed: 0)
    }

    /// Logs `event` at most once per `interval`, for events that repeat as long as a fault lasts. The next line says how many were held back
    /// (`suppressed`).
    public func limited(_ level: Level, _ event: String, every interval: Duration, _ fields: @autoclosure () -> LogFields = [:]) {
        guard level >= self.level else { return }
        guard let suppressed = limits.withLock({ $0.admit(event, every: interval, now: clock.monotonic()) }) else { return }
        write(level, event, Array(fields()), suppressed: suppressed)
    }

    private func write(_ level: Level, _ event: String, _ fields: [LogField], suppressed: Int) {
        let lostBefore = lost.exchange(0, ordering: .relaxed)
        let line = LogLine(time: clock.wall(), level: level, origin: origin, event: event, fields: fields, suppressed: suppressed, lost: lostBefore)
        if !sink.write(line.encoded(as: format, limit: Self.maxLineBytes)) { lost.add(lostBefore + 1, ordering: .relaxed) }
    }
}

extension Logger {
    /// Logs at level `debug`.
    public func debug(_ event: String, _ fields: @autoclosure () -> LogFields = [:]) { log(.debug, event, fields()) }

    /// Logs at level `info`.
    public func info(_ event: String, _ fields: @autoclosure () -> LogFields = [:]) { log(.info, event, fields()) }

    /// Logs at level `warning`.
    public func warning(_ event: String, _ fields: @autoclosure () -> LogFields = [:]) { log(.warning, event, fields()) }

    /// Logs at level `error`.
    public func error(_ event: String, _ fields: @autoclosure () -> LogFields = [:]) { log(.error, event, fields()) }
}
