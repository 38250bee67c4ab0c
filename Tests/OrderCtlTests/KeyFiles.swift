import Access
import EventLoop
import Glibc
import JSON
import TestSupport
import Testing

@testable import OrderCtl

/// A file of keys in a folder of its own.
struct KeyFiles: Sendable {
    let folder: String
    var path: String { "\(folder)/keys.json" }

    /// Lends a folder that has no file yet.
    @ServiceActor
    static func with(_ body: @ServiceActor (KeyFiles) async throws -> Void) async throws {
        let files = KeyFiles(folder: try temporaryDirectory("keys"))
        defer { removeDirectory(files.folder) }
        try await body(files)
    }

    /// Makes a key and returns it.
    @ServiceActor @discardableResult
    func new(_ name: String, _ words: String...) async throws -> KeySecret {
        let run = await ToolRun.of(["keys", "new", "--file", path, "--name", name, "--json"] + words)
        try #require(run.status == .ok && run.errors.isEmpty, "\(run.errors)")
        let value = try JSONValue.parse(run.output)
        #expect(value["name"]?.string == name && value.object?.count == 2)
        return try #require(value["key"]?.string.flatMap { KeySecret($0) })
    }

    /// The keys in the file.
    func keys() throws -> [APIKey] { try KeyFile(parsing: Array(contents(of: path).utf8)).keys }

    /// The permissions of the file.
    func mode() -> mode_t { status().st_mode & 0o7777 }

    func status() -> stat {
        var status = stat()
        lstat(path, &status)
        return status
    }

    /// The names of all that is in the folder.
    func names() -> [String] { files(in: folder, endingIn: "").map { String($0.dropFirst(folder.count + 1)) } }
}
