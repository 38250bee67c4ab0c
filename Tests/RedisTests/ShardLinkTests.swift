import Configuration
import EventLoop
import TestSupport
import Testing

@testable import Redis

/// Tests which answer belongs to which request, on a server that gives the answers of a test.
@Suite(.onLoop) @ServiceActor
struct ShardLinkTests {
    private static let (here, elsewhere) = (ChannelName("updates:{0}:c"), ChannelName("updates:{1}:c"))

    /// Runs `body` with a connection, and with what it has told of channels: the word and the channel.
    private func withLink(
        _ answer: @escaping @ServiceActor ([String]) -> String, _ body: @ServiceActor (FakeRedis, ShardLink, Record) async throws -> Void
    ) async throws {
        let server = try FakeRedis()
        defer { server.stop() }
        server.answer = answer
        let host = RedisURL.Host("127.0.0.1", port: server.port)
        let link = ShardLink(url: try #require(RedisURL(server.url)), host: host, name: "test", options: .quick)
        let record = Record()
        link.onNews = { name, news in
            switch news {
            case .confirmed: record.note("confirmed \(name.text)")
            case .lost: record.note("lost \(name.text)")
            case .refused(let error): record.note("refused \(name.text) \(error.rejection ?? "")")
            }
        }
        try await alongside({ await link.run() }, stop: { link.keeper.close() }) {
            try await link.keeper.waitUntilReady(within: .seconds(20))
            try await body(server, link, record)
        }
    }

    private nonisolated static func push(_ kind: String, _ name: String) -> String {
        "*3\r\n$\(kind.count)\r\n\(kind)\r\n$\(name.count)\r\n\(name)\r\n:1\r\n"
    }

    private static func usual(_ command: [String]) -> String { push(command[0].lowercased(), command[1]) }

    private static func moved(_ name: String) -> String { "-MOVED \(HashSlot.of(name)) 127.0.0.1:1\r\n" }

    @Test func `of several requests about a channel only the last answer counts`() async throws {
        try await withLink(Self.usual) { server, link, record in
            for _ in 0..<3 {
                link.take(Self.here)
                link.release(Self.here)
            }
            link.take(Self.here)
            link.take(Self.elsewhere)
            try await eventually { record.texts.count == 2 }
            #expect(record.texts == ["confirmed \(Self.here.text)", "confirmed \(Self.elsewhere.text)"])
            #expect(server.commands.count == 8 && server.connections == 1)
        }
    }

    @Test func `the answer to a request that the server's own word has overtaken is not taken for that of the next`() async throws {
        try await withLink { command in
            command[0] == "SUNSUBSCRIBE" ? Self.push("sunsubscribe", command[1]) + Self.moved(command[1]) : Self.usual(command)
        } _: { server, link, record in
            link.take(Self.here)
            link.release(Self.here)
            link.take(Self.elsewhere)
            try await eventually { record.texts.count == 1 }
            #expect(record.texts == ["confirmed \(Self.elsewhere.text)"])
            link.take(Self.here)
            try await eventually { record.texts.count == 2 }
            #expect(record.texts.last == "confirmed \(Self.here.text)" && server.connections == 1)
        }
    }

    @Test func `a subscription that the server has ended is asked for again, and the answer names the node that has the slot`() async throws {
        var isThere = true
        try await withLink { command in
            guard isThere else { return Self.moved(command[1]) }
            isThere = command[1] == Self.here.text
            return Self.usual(command) + (isThere ? "" : Self.push("sunsubscribe", Self.here.text))
        } _: { server, link, record in
            link.take(Self.here)
            link.take(Self.elsewhere)
            try await eventually { record.texts.count == 4 }
            let (here, elsewhere) = (Self.here.text, Self.elsewhere.text)
            #expect(record.texts == ["confirmed \(here)", "confirmed \(elsewhere)", "lost \(here)", "refused \(here) MOVED"])
            #expect(server.connections == 1)
        }
    }

    @Test(arguments: [push("ssubscribe", "other"), "-LOADING Redis is loading the dataset in memory\r\n", ":1\r\n"])
    func `a connection is given up whose answers make no sense or whose server is not ready, and all is asked for again`(first: String) async throws {
        var answers = [first][...]
        try await withLink {
            answers.popFirst() ?? Self.usual($0)
        } _: { server, link, record in
            link.take(Self.here)
            try await eventually { record.texts.last == "confirmed \(Self.here.text)" }
            #expect(record.texts == ["lost \(Self.here.text)", "confirmed \(Self.here.text)"] && server.connections == 2)
        }
    }
}
