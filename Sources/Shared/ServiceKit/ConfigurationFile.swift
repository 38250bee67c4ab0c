internal import Glibc

/// A file that a setting names.
public enum ConfigurationFile {
    /// Far above any list of tokens or pools. A wrong path to a huge file is refused, not read.
    private static let maxBytes = 16 << 20

    /// Reads a whole file at start. Throws `StartError` with the setting's name and the path.
    public static func read(_ path: String, setting: String) throws(StartError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw StartError("\(setting): cannot open \(path) (\(String(cString: strerror(errno)))); give the path of a file that can be read")
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            guard count >= 0 else { throw StartError("\(setting): cannot read \(path) (\(String(cString: strerror(errno))))") }
            guard count > 0 else { return bytes }
            bytes += buffer[..<count]
            guard bytes.count <= maxBytes else { throw StartError("\(setting): \(path) is larger than 16 MiB") }
        }
    }
}
