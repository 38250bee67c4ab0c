import Access
import EventLoop
import Glibc
import Orders
import TestSupport

/// Some keys, and the file that has them.
struct TestKeys {
    /// Where the file is, in a folder of its own.
    let path: String
    /// The text of each key, by its name.
    let secrets: [String: String]

    /// `bot` and `ant` trade; `alice-1` and `alice-2` are bound to alice; `reader` reads, `trader` trades and does not read, `op` operates. `few`
    /// may have one socket.
    static let all: [(name: String, scopes: Scopes, user: String?)] = [
        ("bot", [.trade, .read], nil), ("ant", [.trade, .read], nil), ("alice-1", [.trade, .read], "alice"), ("alice-2", [.read], "alice"),
        ("reader", .read, nil), ("trader", .trade, nil), ("op", .operate, nil), ("few", .read, nil),
    ]
    private static let limits = ["few": KeyLimits(sockets: 1)]

    /// The header that has a key.
    func header(_ name: String) -> String { "Authorization: Bearer \(secrets[name] ?? "none")" }

    /// Writes the file anew, without some of the keys.
    func write(without names: Set<String> = []) throws {
        var file = KeyFile()
        for (name, scopes, user) in Self.all where !names.contains(name) {
            guard let digest = KeySecret(secrets[name] ?? "")?.digest else { throw TestFailure("\(name) has no key") }
            let limits = Self.limits[name] ?? KeyLimits()
            try file.add(APIKey(name: name, digest: digest, scopes: scopes, user: user.map { UserID(stored: $0) }, limits: limits))
        }
        try replace(with: file.text)
    }

    /// Gives the file another text at once, as a careful writer does.
    func replace(with text: String) throws {
        guard let file = fopen(path + ".new", "w") else { throw TestFailure("cannot write \(path)") }
        fputs(text, file)
        fclose(file)
        guard rename(path + ".new", path) == 0 else { throw TestFailure("cannot write \(path)") }
    }
}

/// Runs `body` with a file of keys.
@ServiceActor
func withKeys(_ body: @ServiceActor (TestKeys) async throws -> Void) async throws {
    var template = Array("/tmp/order-engine-keys-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw TestFailure("no folder for the keys") }
    let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let secrets = Dictionary(uniqueKeysWithValues: TestKeys.all.map { ($0.name, KeySecret.random().text) })
    let keys = TestKeys(path: folder + "/keys.json", secrets: secrets)
    defer {
        unlink(keys.path)
        rmdir(folder)
    }
    try keys.write()
    try await body(keys)
}
