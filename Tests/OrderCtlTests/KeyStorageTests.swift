import Access
import EventLoop
import Glibc
import TestSupport
import Testing

@testable import OrderCtl

/// What happens to the file itself.
@Suite(.onLoop) @ServiceActor
struct KeyStorageTests {
    @Test(arguments: [0o640, 0o600, 0o444] as [mode_t])
    func `a file keeps its mode and its link`(_ mode: mode_t) async throws {
        try await KeyFiles.with { files in
            let real = "\(files.folder)/real.json"
            try write(KeyFile().text, to: real)
            chmod(real, mode)
            try #require(symlink("real.json", files.path) == 0)
            try await files.new("bot")
            #expect(files.status().st_mode & S_IFMT == S_IFLNK)
            var status = stat()
            stat(real, &status)
            #expect(status.st_mode & 0o7777 == mode)
            #expect(try files.keys().map(\.name) == ["bot"])
        }
    }

    @Test func `whatever the umask is, a new file is for its owner only`() async throws {
        try await KeyFiles.with { files in
            let call = "umask 0; exec \(Stack.executable("orderctl")) keys new --file keys.json --name bot"
            let (code, output) = try await ChildProcess.run(["env", "-C", files.folder, "sh", "-c", call])
            #expect(code == 0 && files.mode() == 0o600, "\(output)")
        }
    }

    @Test(.enabled(if: geteuid() == 0, "only root can give files away"))
    func `a file keeps its owner, and nobody else may replace it`() async throws {
        try await KeyFiles.with { files in
            try await files.new("bot")
            chmod(files.folder, 0o777)
            chown(files.path, 65_534, 65_534)
            try await files.new("second")
            #expect(files.status().st_uid == 65_534 && files.status().st_gid == 65_534 && files.mode() == 0o600)
            chmod(files.path, 0o644)
            let words = ["keys", "new", "--file", files.path, "--name", "third"]
            let call = ["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups", Stack.executable("orderctl")] + words
            let (code, output) = try await ChildProcess.run(call)
            #expect(code == 64 && output.contains("belongs to user 65534 and group 65534"), "\(output)")
            #expect(try files.keys().map(\.name) == ["bot", "second"])
            #expect(files.names() == ["keys.json"])
        }
    }

    @Test func `processes at once lose no key`() async throws {
        try await KeyFiles.with { files in
            for round in 0..<4 {
                let names = (0..<6).map { "key-\(round)-\($0)" }
                let runs = try await together(names) {
                    try await ChildProcess.run([Stack.executable("orderctl"), "keys", "new", "--file", files.path, "--name", $0])
                }
                #expect(runs.allSatisfy { $0.code == 0 })
                #expect(Set(try files.keys().map(\.name)).isSuperset(of: names))
            }
            #expect(try files.keys().count == 24 && files.names() == ["keys.json"])
        }
    }

    @Test func `while another process changes the folder, a change waits, and gives up in the end`() async throws {
        try await KeyFiles.with { files in
            let descriptor = open(files.folder, O_RDONLY | O_DIRECTORY)
            defer { close(descriptor) }
            try #require(flock(descriptor, LOCK_EX) == 0)
            await #expect(throws: Failure.self) {
                try await KeyFileStore(path: files.path).change(makesFile: true, patience: .milliseconds(50)) { _ in }
            }
            #expect(files.names().isEmpty)
            try await alongside {
                _ = await ToolRun.of(["keys", "new", "--file", files.path, "--name", "late"])
            } stop: {
                flock(descriptor, LOCK_UN)
            } _: {
                try write(KeyFile(keys: [APIKey(name: "first", digest: KeySecret.random().digest, scopes: .read)]).text, to: files.path)
            }
            #expect(try files.keys().map(\.name) == ["first", "late"])
        }
    }

    @Test func `a reader sees a whole file at every moment`() async throws {
        try await KeyFiles.with { files in
            try await files.new("key-0")
            let reader = Task.detached { [path = files.path] in try Self.readUntilCancelled(path) }
            defer { reader.cancel() }
            for number in 1...40 { try await files.new("key-\(number)") }
            reader.cancel()
            #expect(try await reader.value > 40)
            #expect(try files.keys().count == 41)
        }
    }

    /// Reads the file over and over. Returns how often. Throws if it is no file of keys, or has fewer than before.
    private nonisolated static func readUntilCancelled(_ path: String) throws -> Int {
        var (reads, count) = (0, 1)
        while !Task.isCancelled {
            let keys = try KeyFile(parsing: Array(contents(of: path).utf8)).keys
            guard keys.count >= count else { throw TestFailure("\(keys.count) keys after \(count)") }
            (reads, count) = (reads + 1, keys.count)
        }
        return reads
    }

    @Test(arguments: [
        ("", "is not a JSON object"), ("{\"keys\":[", "is not a JSON object"), (#"{"keys":[],"more":1}"#, "has a member that is not known: \"more\""),
        (#"{"keys":[{"name":"a"}]}"#, "keys[0].sha256 must be 64"),
    ])
    func `a file that cannot be used is refused with its reason, and stays as it is`(_ text: String, _ reason: String) async throws {
        try await KeyFiles.with { files in
            try write(text, to: files.path)
            let inode = files.status().st_ino
            for words in [["new", "--name", "bot"], ["list"], ["revoke", "bot"]] {
                let run = await ToolRun.of(["keys"] + words + ["--file", files.path])
                #expect(run.status == .usage && run.output.isEmpty)
                #expect(run.errors.hasPrefix("orderctl: \(files.path) ") && run.errors.contains(reason), "\(run.errors)")
            }
            #expect(contents(of: files.path) == text && files.status().st_ino == inode && files.names() == ["keys.json"])
        }
    }

    @Test func `what is no file is refused: a folder, a pipe, a link to nothing, a folder that is not there`() async throws {
        try await KeyFiles.with { files in
            mkdir("\(files.folder)/folder", 0o755)
            mkfifo("\(files.folder)/pipe", 0o600)
            symlink("nothing", "\(files.folder)/link")
            let places = [
                ("folder", "is not a file"), ("pipe", "is not a file"), ("link", "cannot be opened"), ("none/keys.json", "cannot be opened"),
                ("none/", "is not a file"),
            ]
            for (place, reason) in places {
                let run = await ToolRun.of(["keys", "new", "--name", "bot", "--file", "\(files.folder)/\(place)"])
                #expect(run.status == .usage && run.output.isEmpty && run.errors.contains(reason), "\(place): \(run.errors)")
            }
            #expect(Set(files.names()) == ["pipe", "link"])
        }
    }

    @Test func `a missing file is made by new only`() async throws {
        try await KeyFiles.with { files in
            for words in [["list"], ["revoke", "bot"]] {
                let run = await ToolRun.of(["keys"] + words + ["--file", files.path])
                #expect(run.status == .usage && run.errors.contains("keys.json is not there; orderctl keys new makes it"))
            }
            #expect(files.names().isEmpty)
        }
    }

    @Test func `what a killed run has left is written over`() async throws {
        try await KeyFiles.with { files in
            try write("half", to: "\(files.folder)/.orderctl-keys")
            try await files.new("bot")
            #expect(files.names() == ["keys.json"] && files.mode() == 0o600)
        }
    }
}
