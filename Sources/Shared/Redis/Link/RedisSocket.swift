internal import EventLoop
internal import Glibc

/// A stream socket that does not block: one descriptor, from connecting to its end.
@ServiceActor
final class RedisSocket {
    /// Where a socket leads to.
    enum Destination: Equatable {
        /// A numeric address.
        case address(String, port: UInt16)
        /// The path of a Unix socket.
        case path(String)
    }

    /// Why a call did not do what it should.
    enum Failure: Error {
        case wouldBlock
        /// The peer sends nothing more.
        case ended
        /// The number of an error of the system.
        case system(Int32)

        var words: String {
            switch self {
            case .wouldBlock: "it has no time"
            case .ended: "Redis closed it"
            case .system(let number): String(cString: strerror(number))
            }
        }
    }

    private let descriptor: Int32
    /// Tells when the socket can be read from or written to.
    let poll: PollHandle

    /// Begins to connect. When the socket is writable, `connected` says whether it has succeeded.
    init(to destination: Destination) throws(Failure) {
        switch destination {
        case .address(let address, let port): descriptor = try Self.connect(to: address, port)
        case .path(let path): descriptor = try Self.connect(to: path)
        }
        do throws(LoopError) {
            poll = try PollHandle(descriptor: descriptor)
        } catch {
            Glibc.close(descriptor)
            // Numbers of libuv are negative.
            throw .system(-error.code)
        }
    }

    /// Closes the socket. The last call.
    func close() {
        poll.close()
        Glibc.close(descriptor)
    }

    /// Throws if the connection could not be made.
    func connected() throws(Failure) {
        var error: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) == 0 else { throw .system(errno) }
        guard error == 0 else { throw .system(error) }
    }

    /// Reads at most as many bytes as there is room for. Returns their number, at least one.
    func read(_ room: UnsafeMutableRawBufferPointer) throws(Failure) -> Int {
        try checked(recv(descriptor, room.baseAddress, room.count, 0))
    }

    /// Writes as many of the bytes as the kernel takes. Returns their number.
    func write(_ bytes: UnsafeRawBufferPointer) throws(Failure) -> Int {
        try checked(Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL)))
    }

    private func checked(_ count: Int) throws(Failure) -> Int {
        if count > 0 { return count }
        if count == 0 { throw .ended }
        throw errno == EAGAIN || errno == EINTR ? .wouldBlock : .system(errno)
    }

    // MARK: Connecting

    private static func open(_ family: Int32) throws(Failure) -> Int32 {
        // If a child process inherited the socket, it would keep the connection open, with a blocking read on it.
        let descriptor = socket(family, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw .system(errno) }
        return descriptor
    }

    private static func connect(to address: String, _ port: UInt16) throws(Failure) -> Int32 {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(address, String(port), &hints, &found) == 0, let found else { throw .system(EADDRNOTAVAIL) }
        defer { freeaddrinfo(found) }
        let descriptor = try open(found.pointee.ai_family)
        var isOn: Int32 = 1
        // Commands of one turn of the loop leave in one write already.
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &isOn, socklen_t(MemoryLayout<Int32>.size))
        return try begun(descriptor, Glibc.connect(descriptor, found.pointee.ai_addr, found.pointee.ai_addrlen))
    }

    private static func connect(to path: String) throws(Failure) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let isShort = withUnsafeMutableBytes(of: &address.sun_path) { room in
            // The rest is zero.
            guard path.utf8.count < room.count else { return false }
            room.copyBytes(from: path.utf8)
            return true
        }
        guard isShort else { throw .system(ENAMETOOLONG) }
        let descriptor = try open(AF_UNIX)
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
        return try begun(descriptor, status)
    }

    private static func begun(_ descriptor: Int32, _ status: Int32) throws(Failure) -> Int32 {
        let error = errno
        guard status == 0 || error == EINPROGRESS else {
            Glibc.close(descriptor)
            throw .system(error)
        }
        return descriptor
    }
}
