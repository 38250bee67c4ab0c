import EventLoop
import JSON
import TestSupport
import Testing

extension OneEngine {
    @Suite @ServiceActor
    struct EventStreams {
        private let engine = Engine.current

        /// The events of an answer as `id`, `event` and `data`. Expects that the answer first says when to reconnect.
        private func parsed(_ text: String) -> [[String]] {
            #expect(text.hasPrefix("retry: 2000\n\n"))
            return text.split(separator: "\n\n").dropFirst().map { block in
                block.split(separator: "\n").map { line in line.firstRange(of: ": ").map { String(line[$0.upperBound...]) } ?? "" }
            }
        }

        private func expected(_ events: some Sequence<String>) throws -> [[String]] {
            try events.map { text in
                let event = try JSONValue.parse(text)
                return [String(try #require(event["seq"]?.integer)), try #require(event["type"]?.string), text]
            }
        }

        private func ask(_ id: String, after: Int?, notifier: Int) async throws -> Engine.Answer {
            try await engine.send(
                "GET", "/api/orders/\(id)/events", to: .notifier, notifier,
                headers: [("Accept", "text/event-stream")] + (after.map { [("Last-Event-ID", String($0))] } ?? []))
        }

        @Test(arguments: [nil, 0, 3, 6])
        func `A stream shows every event once, live or late, from where the client left off, on any notifier`(after: Int?) async throws {
            let id = try await engine.place()
            let live = try await ask(id, after: after, notifier: 1)
            let late = try await ask(id, after: after, notifier: 2)
            let events = try expected(try await engine.events(id).dropFirst(after ?? 0))
            #expect(live.status == 200 && parsed(live.text) == events)
            #expect(late.status == 200 && parsed(late.text) == events)
        }

        @Test func `A client that has seen the final event is told to stay away`() async throws {
            let id = try await engine.place()
            try await engine.waitForEnd([id])
            #expect(try await ask(id, after: try await engine.events(id).count, notifier: 1).status == 204)
        }

        @Test func `An order that nobody knows is 404 after two seconds, what is no id 400`() async throws {
            let start = MonotonicInstant.now
            let unknown = try await ask("0198c1f2-0000-7000-8000-00000000dead", after: nil, notifier: 1)
            #expect(unknown.status == 404 && unknown.json["code"]?.string == "UNKNOWN_ORDER" && start.elapsed >= .milliseconds(1900))
            #expect(try await ask("42", after: nil, notifier: 1).status == 400)
        }

        @Test(
            arguments: [
                ("/openapi.yaml", "application/yaml", "openapi: 3.1"), ("/asyncapi.yaml", "application/yaml", "asyncapi: 3.0"),
                ("/runbook.md", "text/plain; charset=utf-8", "# "),
            ])
        func `The gateway serves the descriptions of the API, and the runbook that alerts link to`(path: String, type: String, beginning: String)
            async throws
        {
            let answer = try await engine.send("GET", path)
            #expect(answer.status == 200 && answer.header("Content-Type") == type && answer.text.hasPrefix(beginning))
        }
    }
}
