import Access
import EventLoop
import Glibc
import Observability
import TestSupport
import Testing

@testable import ServiceKit

/// Tests when the file of keys is read again, and what a bad one does.
@Suite(.onLoop) @ServiceActor
struct KeyStoreTests {
    private func withStore(_ body: @ServiceActor (KeyStore, TestKeys, MemorySink) async throws -> Void) async throws {
        try await withKeys { keys in
            let sink = MemorySink()
            let log = Logger(service: "test", instance: "test-1", sink: sink)
            let store = try #require(try KeyStore.open(keys.path, log: log))
            try await alongside({ await store.run() }) { try await body(store, keys, sink) }
        }
    }

    private func knows(_ store: KeyStore, _ keys: TestKeys, _ name: String) -> Bool { store.holder(of: keys.secrets[name] ?? "") != nil }

    @Test(arguments: [#"{"keys":[{}]}"#, nil])
    func `a file that cannot be used changes nothing and is told of, and the next good one is read`(text: String?) async throws {
        try await withStore { store, keys, sink in
            if let text { try keys.replace(with: text) } else { unlink(keys.path) }
            try await eventually { sink.lines.contains { $0.contains("access.keys_not_read") } }
            #expect(knows(store, keys, "bot") && knows(store, keys, "ant"))
            try keys.write(without: ["bot"])
            try await eventually { !knows(store, keys, "bot") }
            #expect(knows(store, keys, "ant"))
        }
    }

    @Test func `a file without a key is told of`() async throws {
        try await withStore { store, keys, sink in
            try keys.replace(with: #"{"keys":[]}"#)
            try await eventually { sink.lines.contains { $0.contains("access.no_keys") && $0.contains(keys.path) } }
            #expect(store.ring.count == 0)
        }
    }

    @Test func `whoever watches the keys sees them now and after each change`() async throws {
        try await withStore { store, keys, _ in
            var counts: [Int] = []
            store.onRead = { counts.append($0.count) }
            #expect(counts == [TestKeys.all.count])
            try keys.write(without: ["bot"])
            try await eventually { counts == [TestKeys.all.count, TestKeys.all.count - 1] }
        }
    }

    @Test func `on SIGHUP the file is read again though nothing tells that it has changed`() async throws {
        // Without a handler of its own the test process would end if the store did not listen.
        let handler = SignalSource(SIGHUP) {}
        defer { withExtendedLifetime(handler) {} }
        try await withStore { store, keys, sink in
            let other = KeySecret.random()
            let digests = try [#require(KeySecret(keys.secrets["bot"] ?? "")).digest, other.digest].map(\.hex)
            try overwrite(keys.path) { $0.replacing(digests[0], with: digests[1]) }
            try await eventually {
                // To this thread: a signal to the process may come to a busy thread only when nobody listens any more, and end the process.
                raise(SIGHUP)
                return store.holder(of: other.text) != nil
            }
            #expect(!knows(store, keys, "bot") && knows(store, keys, "ant"))
        }
    }

    /// Changes the text of a file, and neither the file's size nor its time.
    private func overwrite(_ path: String, _ change: (String) -> String) throws {
        var status = stat()
        guard stat(path, &status) == 0, let file = fopen(path, "r+") else { throw TestFailure("cannot open \(path)") }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        guard fread(&bytes, 1, bytes.count, file) == bytes.count else { throw TestFailure("cannot read \(path)") }
        let changed = Array(change(String(decoding: bytes, as: UTF8.self)).utf8)
        rewind(file)
        guard changed != bytes, fwrite(changed, 1, changed.count, file) == bytes.count, fflush(file) == 0 else { throw TestFailure("no change") }
        guard futimens(fileno(file), [status.st_atim, status.st_mtim]) == 0 else { throw TestFailure("cannot set the time of \(path)") }
    }
}
