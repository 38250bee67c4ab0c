internal import Glibc

/// Where log lines go.
public protocol LogSink: Sendable {
    /// Takes one line with its newline, at once or not at all.
    /// - Returns: whether the line was taken.
    func write(_ line: [UInt8]) -> Bool
}

/// Writes lines to a file descriptor without ever waiting for its reader.
public struct DescriptorSink: LogSink {
    /// Standard output of the process.
    public static let standardOutput = DescriptorSink(descriptor: STDOUT_FILENO)

    private let descriptor: Int32

    /// - Parameter descriptor: stays the caller's: it is not closed here.
    public init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// Writes the line where there is room for it now. A pipe that polls as writable has room for PIPE_BUF bytes, and takes that many whole;
    /// so a line within that bound neither blocks nor is cut, also on a descriptor that is in blocking mode.
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
