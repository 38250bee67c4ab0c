public import Observability
import Synchronization

/// Keeps lines in memory; refuses them while full.
public final class MemorySink: LogSink {
    private let state = Mutex((lines: [String](), isFull: false))

    public init() {}

    public func write(_ line: [UInt8]) -> Bool {
        state.withLock { state in
            guard !state.isFull else { return false }
            state.lines.append(String(decoding: line, as: UTF8.self))
            return true
        }
    }

    public func setFull(_ isFull: Bool) { state.withLock { $0.isFull = isFull } }

    public var lines: [String] { state.withLock { $0.lines } }
}
