internal import EventLoop
internal import Glibc

/// A folder in which one process at a time changes a file. The lock is on the folder itself: it leaves no file, and ends with its process.
@ServiceActor
enum LockedFolder {
    private static let interval = Duration.milliseconds(20)

    /// Runs `body` with the folder's descriptor while no other process has the lock. Throws if another holds it for longer than `patience`.
    static func hold<Value>(
        _ path: String, for patience: Duration, _ body: (_ folder: Int32) throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileFault.system("cannot be opened").failure("The folder \(path)") }
        defer { close(descriptor) }
        let start = MonotonicInstant.now
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK || errno == EINTR else { throw FileFault.system("cannot be locked").failure("The folder \(path)") }
            guard start.elapsed < patience else {
                throw Failure(.refused, "Another process has locked the folder \(Terminal.safe(path)); try again when it has ended")
            }
            try? await sleep(for: interval)
        }
        return try body(descriptor)
    }
}
