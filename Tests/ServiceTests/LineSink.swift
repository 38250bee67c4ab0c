import Observability
import Synchronization

/// Keeps the lines of a log.
final class LineSink: LogSink {
    private let lines = Mutex<[String]>([])
    var texts: [String] { lines.withLock { $0 } }

    func write(_ line: [UInt8]) -> Bool {
        lines.withLock { $0.append(String(decoding: line, as: UTF8.self)) }
        return true
    }
}
