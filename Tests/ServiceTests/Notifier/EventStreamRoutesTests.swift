import Configuration
import EventLoop
import HTTP
import JSON
import Observability
import Orders
import Redis
import ServiceKit
import TestSupport
import Testing

@testable import NotifierService
@testable import Pipeline

/// Tests server-sent events behind a real server, with a history that the test controls.
@Suite(.onLoop) @ServiceActor
struct EventStreamRoutesTests {
    private func withStreams(
        _ body: @ServiceActor (TestProcess<NotifierSettings>, FakeHistory, OrderFeeds, HTTPExchange) async throws -> Void
    ) async throws {
        try await withOrderFeeds { test, history, feeds, _ in
            let sent = test.process.metrics.counters("socket_messages_total", help: "Messages.", by: ["dialect"])
            EventStreamRoutes(feeds: feeds, sent: sent, holders: Holders(access: test.process.access), queueBytes: 65536).add(to: test.process.router)
            try await withServer(test.process) { try await body(test, history, feeds, $0) }
        }
    }

    /// A connection that has asked for an order's events.
    private func ask(_ exchange: HTTPExchange, _ id: OrderID, _ query: String = "", _ headers: String...) async throws -> RawConnection {
        let connection = try RawConnection(port: exchange.server.port)
        let lines = ["GET /api/orders/\(id)/events\(query) HTTP/1.0", "Accept: text/event-stream"] + headers
        try await connection.send(lines.joined(separator: "\r\n") + "\r\n\r\n")
        return connection
    }

    /// The text that a client reads for these events.
    private func text(_ events: some Sequence<OrderEvent>) -> String {
        "retry: 2000\n\n" + events.map { "id: \($0.seq)\nevent: \($0.type.rawValue)\ndata: \($0.json)\n\n" }.joined()
    }

    private func body(_ answer: String) -> String { answer.range(after: "\r\n\r\n") }

    @Test(
        arguments: [
            ("", "", 0), ("?after=3", "", 3), ("", "Last-Event-ID: 5", 5), ("?after=1", "last-event-id: 4", 4), ("?after=2", "Last-Event-ID:", 2),
        ])
    func `the stream begins after what the client has seen, and ends with the order`(query: String, header: String, after: Int) async throws {
        try await withStreams { test, history, feeds, exchange in
            let id = Samples.id()
            history.answer = .events(eventsOfSuccess(id))
            let connection = header.isEmpty ? try await ask(exchange, id, query) : try await ask(exchange, id, query, header)
            let answer = try await connection.readToEnd()
            #expect(answer.contains(" 200 OK\r\n") && answer.contains("\r\nContent-Type: text/event-stream\r\n"))
            #expect(body(answer) == text(eventsOfSuccess(id).dropFirst(after)))
            #expect(test.process.metrics.render().contains(#"socket_messages_total{dialect="sse"} \#(7 - after)"#))
            #expect(feeds.count == 0)
        }
    }

    @Test(
        arguments: [
            "undefined", "null", "12-0", "18446744073709551616", "9223372036854775807", "9007199254740992", "-1", "1e400", "NaN", "x",
            String(repeating: "9", count: 1000),
        ])
    func `a Last-Event-ID that no event of ours can have left is no reason to refuse a browser: the stream begins with the first event`(
        _ last: String
    ) async throws {
        try await withStreams { _, history, feeds, exchange in
            let id = Samples.id()
            history.answer = .events(eventsOfSuccess(id))
            let answer = try await (try await ask(exchange, id, "?after=5", "Last-Event-ID: \(last)")).readToEnd()
            #expect(answer.contains(" 200 OK\r\n") && body(answer) == text(eventsOfSuccess(id)) && feeds.count == 0)
        }
    }

    @Test(arguments: [7, 8, Seq.max])
    func `a client that has seen all of an order that is over is told to stay away`(after: Int) async throws {
        try await withStreams { _, history, feeds, exchange in
            let id = Samples.id()
            history.answer = .events(eventsOfSuccess(id))
            let answer = try await exchange.get("/api/orders/\(id)/events", "Last-Event-ID: \(after)")
            #expect(answer.status == 204 && feeds.count == 0)
        }
    }

    @Test(arguments: [0, 1])
    func `events reach the client as they happen, also one that has seen all there is`(after: Int) async throws {
        try await withStreams { test, history, feeds, exchange in
            let id = Samples.id()
            let events = eventsOfSuccess(id)
            history.answer = .events(Array(events.prefix(1)))
            let connection = try await ask(exchange, id, "?after=\(after)")
            try await connection.read { String(decoding: $0, as: UTF8.self).contains("\r\n\r\n") }
            #expect(exchange.server.streams == 1 && feeds.count == 1)
            for event in events.dropFirst() {
                _ = try await test.redis.send(["PUBLISH", Keys.updates(id), event.json])
                try await connection.read { String(decoding: $0, as: UTF8.self).contains("id: \(event.seq)\n") }
            }
            #expect(body(try await connection.readToEnd()) == text(events.dropFirst(after)))
            try await eventually { feeds.count == 0 }
        }
    }

    @Test func `a client that goes away is no longer served`() async throws {
        try await withStreams { _, history, feeds, exchange in
            let id = Samples.id()
            history.answer = .events(Array(eventsOfSuccess(id).prefix(1)))
            let connection = try await ask(exchange, id)
            try await connection.read { String(decoding: $0, as: UTF8.self).contains("id: 1\n") }
            connection.close()
            try await eventually { feeds.count == 0 && exchange.server.streams == 0 }
        }
    }

    @Test func `HEAD answers as GET would, and watches nothing`() async throws {
        try await withStreams { _, history, feeds, exchange in
            history.answer = .events(Array(eventsOfSuccess(Samples.id()).prefix(1)))
            let answer = try await exchange.send("HEAD", "/api/orders/\(Samples.id())/events")
            #expect(answer.status == 200 && answer.header("Content-Type") == "text/event-stream")
            #expect(feeds.count == 0)
        }
    }

    @Test func `what is no order is refused`() async throws {
        try await withStreams { _, history, feeds, exchange in
            history.answer = .unknown
            let answer = try await exchange.get("/api/orders/\(Samples.id())/events")
            #expect(answer.status == 404 && answer["code"]?.string == "UNKNOWN_ORDER" && feeds.count == 0)
        }
    }

    @Test func `an order that cannot be read now is an empty stream that ends, to which a browser comes back by itself`() async throws {
        try await withStreams { _, history, feeds, exchange in
            history.answer = .unavailable
            let answer = try await (try await ask(exchange, Samples.id())).readToEnd()
            #expect(answer.contains(" 200 OK\r\n") && answer.contains("\r\nContent-Type: text/event-stream\r\n"))
            #expect(body(answer) == "retry: 2000\n\n: the order cannot be followed at the moment\n\n")
            try await eventually { feeds.count == 0 && exchange.server.streams == 0 }
        }
    }

    @Test(
        arguments: [
            ("abc/events", "", "id"), ("0198c1f2-0000-7000-8000-000000000000/events?after=-1", "", "after"),
            ("0198c1f2-0000-7000-8000-000000000000/events?after=9223372036854775807", "", "after"),
            ("0198c1f2-0000-7000-8000-000000000000/events?after=undefined", "", "after"),
        ])
    func `what can never be served is 400, and names the field`(_ path: String, _ header: String, _ field: String) async throws {
        try await withStreams { _, history, _, exchange in
            let answer = try await exchange.send("GET", "/api/orders/\(path)", header.isEmpty ? [] : [header])
            #expect(answer.status == 400 && answer["errors"]?.array?.first?["field"]?.string == field && history.reads == 0)
        }
    }
}

extension String {
    /// What comes after the first occurrence of a text.
    fileprivate func range(after separator: String) -> String {
        guard let found = firstRange(of: separator) else { return "" }
        return String(self[found.upperBound...])
    }
}
