internal import Glibc
internal import Synchronization

/// The directory of this package's sources.
public let packageRoot = String(#filePath.split(separator: "/").dropLast(3).reduce(into: "") { $0 += "/" + $1 })

/// The text of a file. Empty if it cannot be read.
public func contents(of path: String) -> String {
    guard let file = fopen(path, "r") else { return "" }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while true {
        let count = fread(&chunk, 1, chunk.count, file)
        if count == 0 { return String(decoding: bytes, as: UTF8.self) }
        bytes += chunk[..<count]
    }
}

/// The paths of all files in a directory, at any depth, whose names have this suffix.
public func files(in path: String, endingIn suffix: String) -> [String] {
    entries(of: path).flatMap { entry in
        let path = "\(path)/\(entry.name)"
        return entry.isDirectory ? files(in: path, endingIn: suffix) : entry.name.hasSuffix(suffix) ? [path] : []
    }
}

/// The entries of a directory. None if it cannot be read.
private func entries(of path: String) -> [(name: String, isDirectory: Bool)] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var entries: [(String, Bool)] = []
    while let entry = readdir(directory) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != "." && name != ".." { entries.append((name, entry.pointee.d_type == UInt8(DT_DIR))) }
    }
    return entries
}

/// Writes a text to a file, and replaces a file that is there.
public func write(_ text: String, to path: String) throws {
    guard let file = fopen(path, "w") else { throw TestFailure("cannot write \(path)") }
    defer { fclose(file) }
    let bytes = Array(text.utf8)
    guard fwrite(bytes, 1, bytes.count, file) == bytes.count else { throw TestFailure("cannot write \(path)") }
}

/// Removes a directory with everything in it.
public func removeDirectory(_ path: String) {
    for entry in entries(of: path) { if entry.isDirectory { removeDirectory("\(path)/\(entry.name)") } else { unlink("\(path)/\(entry.name)") } }
    rmdir(path)
}

/// Removes a directory when the test process ends.
func removeDirectoryAtExit(_ path: String) {
    let isFirst = leftoverDirectories.withLock { directories in
        directories.append(path)
        return directories.count == 1
    }
    if isFirst { atexit { leftoverDirectories.withLock { $0 }.forEach(removeDirectory) } }
}

private let leftoverDirectories = Mutex<[String]>([])
