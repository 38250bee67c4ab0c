internal import Glibc

/// What is wrong with a file: the rest of a sentence that begins with its path.
struct FileFault: Error, Sendable, Equatable {
    let description: String

    init(_ description: String) { self.description = description }

    /// What cannot be done, with the system's reason.
    static func system(_ what: String, code: Int32 = errno) -> FileFault { FileFault("\(what) (\(String(cString: strerror(code))))") }

    /// The failure of a command that needs the file.
    func failure(_ path: String) -> Failure { Failure(.usage, Terminal.safe("\(path) \(description)")) }
}

/// Reads what is open.
enum FileBytes {
    /// All that a descriptor gives. Throws if it is more than `limit` bytes.
    static func read(_ descriptor: Int32, atMost limit: Int) throws(FileFault) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw .system("cannot be read") }
            guard count > 0 else { return bytes }
            bytes += buffer[..<count]
            guard bytes.count <= limit else { throw FileFault("is larger than \(limit) bytes") }
        }
    }

    /// Writes all bytes.
    static func write(_ bytes: [UInt8], to descriptor: Int32) throws(FileFault) {
        var left = bytes[...]
        while !left.isEmpty {
            let count = left.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw .system("cannot be written") }
            left = left.dropFirst(count)
        }
    }
}
