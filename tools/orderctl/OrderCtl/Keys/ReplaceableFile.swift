internal import Glibc

/// A file that is read and replaced as a whole: whoever reads it sees the old one or the new one.
struct ReplaceableFile {
    /// The limit of the engine for a file that a setting names.
    private static let maxBytes = 16 << 20
    private static let newMode: mode_t = 0o600
    /// One name is enough: the folder is locked. What a run that was killed has left is written over by the next.
    private static let temporaryName = ".orderctl-keys"

    /// Whose a file is, and who may use it.
    struct Rights {
        let user: uid_t
        let group: gid_t
        let mode: mode_t
    }

    /// The descriptor of its folder, or `AT_FDCWD`.
    let folder: Int32
    let name: String

    /// What is in the file; nil if there is none.
    func read() throws(FileFault) -> (bytes: [UInt8], rights: Rights)? {
        // A pipe without a writer would wait for one.
        let descriptor = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw .system("cannot be opened")
        }
        defer { close(descriptor) }
        let status = try Self.status(descriptor)
        guard status.st_mode & S_IFMT == S_IFREG else { throw FileFault("is not a file") }
        let rights = Rights(user: status.st_uid, group: status.st_gid, mode: status.st_mode & 0o777)
        return (try FileBytes.read(descriptor, atMost: Self.maxBytes), rights)
    }

    /// Puts a new file into its place, with the rights of the old one; without an old one only its owner may use it.
    func replace(with bytes: [UInt8], keeping rights: Rights?) throws(FileFault) {
        unlinkat(folder, Self.temporaryName, 0)
        let descriptor = openat(folder, Self.temporaryName, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, Self.newMode)
        guard descriptor >= 0 else { throw .system("cannot be replaced: its folder takes no new file") }
        defer { close(descriptor) }
        do throws(FileFault) {
            try Self.set(rights, on: descriptor)
            try FileBytes.write(bytes, to: descriptor)
            guard fsync(descriptor) == 0 else { throw .system("cannot be stored") }
            guard renameat(folder, Self.temporaryName, folder, name) == 0 else { throw .system("cannot be replaced") }
        } catch {
            unlinkat(folder, Self.temporaryName, 0)
            throw error
        }
        // The new file is in its place. Not every file system can store its folder on demand.
        fsync(folder)
    }

    private static func set(_ rights: Rights?, on descriptor: Int32) throws(FileFault) {
        if let rights {
            let status = try status(descriptor)
            // Else the engine, which runs as that user, could not read the file any more.
            if status.st_uid != rights.user || status.st_gid != rights.group {
                guard fchown(descriptor, rights.user, rights.group) == 0 else {
                    throw FileFault("belongs to user \(rights.user) and group \(rights.group), and only they or root may replace it")
                }
            }
        }
        guard fchmod(descriptor, rights?.mode ?? newMode) == 0 else { throw .system("cannot be given its mode") }
    }

    private static func status(_ descriptor: Int32) throws(FileFault) -> stat {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system("cannot be looked at") }
        return status
    }
}
