internal import Glibc

/// A destination of log lines.
public protocol LogSink: Sendable {
    /// Takes one line with its newline, at once or not at all.
    /// - Returns: whether the line was taken.
    func write(_ line: [UInt8]) -> Bool
}

/// Writes lines to a file descriptor. It never waits for the reader.
public struct DescriptorSink: LogSink {
    /// Standard output of the process.
    public static let standardOutput = DescriptorSink(descriptor: STDOUT_FILENO)

    private let descriptor: Int32

    /// - Parameter descriptor: belongs to the caller and is not closed here.
    public init(descriptor: Int32) { self.descriptor = descriptor }

    /// Writes the line if there is room for it now. A pipe that polls as writable takes PIPE_BUF bytes as a whole. So a line of at most that length
    /// neither blocks nor is cut, even if the descriptor is in blocking mode.
    public func write(_ line: [UInt8]) -> Bool {
        var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        guard poll(&request, 1, 0) == 1, Int32(request.revents) & POLLOUT != 0 else { return false }
        var written = 0
        while written < line.count {
            let count = line.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress! + written, $0.count - written) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return false }
            written += count
        }
        return true
    }
}
