internal import Access
internal import EventLoop
internal import Glibc

/// The file of API keys that a command reads or changes.
struct KeyFileStore: Sendable {
    static let option = Manual.Option(name: "--file F", meaning: "the file of keys (API_KEYS_FILE of the engine)")

    let path: String

    init(path: String) { self.path = path }

    /// Takes `--file`.
    init(_ arguments: inout Arguments) throws(Failure) {
        guard let path = try arguments.takeValue("--file") else {
            throw Failure(.usage, "Which file has the keys? Give its path, as in --file keys.json")
        }
        self.init(path: path)
    }

    /// The keys of the file.
    func read() throws(Failure) -> KeyFile {
        guard let found = try read(ReplaceableFile(folder: AT_FDCWD, name: path)) else { throw missing }
        return found.keys
    }

    /// Changes the keys of the file, while no other process changes it.
    ///
    /// - Parameters:
    ///   - makesFile: whether a file that is missing is made.
    ///   - patience: how long it waits for another process.
    ///   - body: changes the keys. If it throws, the file stays as it is.
    @ServiceActor
    func change(
        makesFile: Bool, patience: Duration = .seconds(10), _ body: (inout KeyFile) throws(Failure) -> Void
    ) async throws(Failure) {
        let (folder, name) = try place()
        try await LockedFolder.hold(folder, for: patience) { descriptor throws(Failure) in
            let file = ReplaceableFile(folder: descriptor, name: name)
            let found = try read(file)
            guard found != nil || makesFile else { throw missing }
            var keys = found?.keys ?? KeyFile()
            try body(&keys)
            do throws(FileFault) { try file.replace(with: Array(keys.text.utf8), keeping: found?.rights) } catch { throw error.failure(path) }
        }
    }

    private var missing: Failure { FileFault("is not there; orderctl keys new makes it").failure(path) }

    private func read(_ file: ReplaceableFile) throws(Failure) -> (keys: KeyFile, rights: ReplaceableFile.Rights)? {
        let wrong: FileFault
        do throws(FileFault) {
            guard let found = try file.read() else { return nil }
            do throws(KeyFileError) { return (try KeyFile(parsing: found.bytes), found.rights) } catch { wrong = FileFault(error.description) }
        } catch {
            wrong = error
        }
        throw wrong.failure(path)
    }

    /// Folder and name of the file. Of a link, those of the file behind it, so that the link stays.
    private func place() throws(Failure) -> (folder: String, name: String) {
        var real = path
        if let found = realpath(path, nil) {
            real = String(cString: found)
            free(found)
        } else {
            let code = errno
            var status = stat()
            guard code == ENOENT, lstat(path, &status) != 0 else { throw FileFault.system("cannot be opened", code: code).failure(path) }
        }
        guard let slash = real.utf8.lastIndex(of: UInt8(ascii: "/")) else { return (".", real) }
        let (folder, name) = (String(real[..<slash]), String(real[real.utf8.index(after: slash)...]))
        guard !name.isEmpty else { throw FileFault("is not a file").failure(path) }
        return (folder.isEmpty ? "/" : folder, name)
    }
}
