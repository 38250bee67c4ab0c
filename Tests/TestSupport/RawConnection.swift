public import EventLoop
internal import Glibc

/// A TCP connection to the loopback interface that sends exactly the given bytes.
@ServiceActor
public final class RawConnection {
    private let descriptor: Int32
    private let poll: PollHandle
    private let ready = LoopSignal()
    private var isClosed = false
    /// Bytes that were read from the socket and not taken by the test yet.
    public private(set) var received: [UInt8] = []
    /// Whether nothing more comes: the peer has ended the stream or reset the connection, or the test has closed it.
    public private(set) var hasEnded = false

    /// Connects from 127.0.0.1, or from another address of that network (`host` is its last number). `receiveBuffer` limits what the kernel keeps
    /// while the test does not read.
    public init(port: UInt16, receiveBuffer: Int32? = nil, from host: UInt8 = 1) throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        if var size = receiveBuffer { setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size)) }
        let isBound = host == 1 || Self.with(host: host, port: 0) { bind(descriptor, $0, $1) } == 0
        guard isBound, Self.with(host: 1, port: port, { Glibc.connect(descriptor, $0, $1) }) == 0 else {
            Glibc.close(descriptor)
            throw TestFailure("cannot connect to port \(port)")
        }
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        self.descriptor = descriptor
        poll = try PollHandle(descriptor: descriptor)
    }

    isolated deinit { close() }

    private static func with(host: UInt8, port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7f00_0000 | UInt32(host)).bigEndian
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }

    /// Sends text. Waits while the kernel accepts no more.
    public func send(_ text: String) async throws { try await send(Array(text.utf8)) }

    /// Sends bytes. Waits while the kernel accepts no more. Bytes for a peer that is gone are lost silently.
    public func send(_ bytes: [UInt8]) async throws {
        var rest = bytes[...]
        while !rest.isEmpty, !isClosed {
            let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                try await wait(for: .writable, within: .seconds(10))
            } else {
                return
            }
        }
    }

    /// Reads until the condition holds for the received bytes. Throws if the stream ends or the time runs out before.
    public func read(within limit: Duration = .seconds(10), until condition: ([UInt8]) -> Bool) async throws {
        let start = MonotonicInstant.now
        while !condition(received) {
            if hasEnded { throw TestFailure("the connection ended after: \(String(decoding: received, as: UTF8.self))") }
            guard start.elapsed < limit else { throw DeadlineExceeded(limit: limit) }
            try await readSome(within: limit - start.elapsed)
        }
    }

    /// Everything up to the end of the stream, as text.
    public func readToEnd(within limit: Duration = .seconds(10)) async throws -> String {
        let start = MonotonicInstant.now
        while !hasEnded { try await readSome(within: limit - start.elapsed) }
        return String(decoding: take(received.count), as: UTF8.self)
    }

    /// Reads and drops at most that many of the bytes that have come. Returns how many there were.
    public func readAtMost(_ limit: Int) -> Int { receive(limit)?.count ?? 0 }

    /// Takes the first of the received bytes.
    public func take(_ count: Int) -> [UInt8] {
        defer { received.removeFirst(count) }
        return Array(received.prefix(count))
    }

    /// Reads one response with a Content-Length (or without a body). Returns its head and body.
    public func response(within limit: Duration = .seconds(10)) async throws -> (head: String, body: String) {
        var size = 0
        try await read(within: limit) { bytes in
            guard let head = Self.head(bytes) else { return false }
            let line = head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("content-length:") }
            size = line.flatMap { Int($0.dropFirst(15).drop { $0 == " " }) } ?? 0
            return bytes.count >= head.utf8.count + size
        }
        let head = String(decoding: take(Self.head(received)!.utf8.count), as: UTF8.self)
        return (head, String(decoding: take(size), as: UTF8.self))
    }

    /// Ends the sending side. The peer reads the end of the stream.
    public func finishSending() { if !isClosed { shutdown(descriptor, Int32(SHUT_WR)) } }

    /// Closes the connection. Its descriptor may be another connection's from then on, so nothing is read from it or sent over it any more.
    public func close() {
        guard !isClosed else { return }
        isClosed = true
        hasEnded = true
        poll.close()
        Glibc.close(descriptor)
        ready.notify()
    }

    private func readSome(within limit: Duration) async throws {
        guard let bytes = receive(65536) else { return try await wait(for: .readable, within: limit) }
        received += bytes
    }

    /// Takes at most that many bytes from the kernel: none if the stream has ended, nil if none have come yet.
    private func receive(_ limit: Int) -> ArraySlice<UInt8>? {
        guard !hasEnded else { return [] }
        var buffer = [UInt8](repeating: 0, count: limit)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        if count < 0 && errno == EAGAIN { return nil }
        hasEnded = count <= 0
        return buffer[..<max(0, count)]
    }

    private func wait(for events: PollHandle.Events, within limit: Duration) async throws {
        poll.watch(events) { [ready] _ in ready.notify() }
        defer { poll.update([]) }
        guard limit > .zero, try await ready.wait(upTo: limit) else { throw DeadlineExceeded(limit: limit) }
    }

    private static func head(_ bytes: [UInt8]) -> String? {
        let end = Array("\r\n\r\n".utf8)
        guard bytes.count >= 4, let index = (0...(bytes.count - 4)).first(where: { bytes[$0..<($0 + 4)].elementsEqual(end) }) else { return nil }
        return String(decoding: bytes[..<(index + 4)], as: UTF8.self)
    }
}
