import Configuration
import EventLoop
import HTTP
import Orders
import Redis
import TestSupport
import Testing

@testable import NotifierService
@testable import Pipeline
@testable import ServiceKit

@Suite(.onLoop) @ServiceActor
struct NotifierStopTests {
    @Test func `a notifier that stops serves its sockets on when it stores no more events`() async throws {
        let database = try await PostgresServer.shared().database()
        try await withProcess(NotifierSettings.self, ["DATABASE_URL": database]) { test in
            let notifier = try await Notifier(settings: test.settings, process: test.process)
            let children = Dictionary(grouping: notifier.children) { $0.name == "events" }
            let storing = Loop.spawn { for child in children[true] ?? [] { try await child.run() } }
            let running = (children[false] ?? []).map { child in Loop.spawn { try await child.run() } }
            defer { for task in running + [storing] { task.cancel() } }
            try await withServer(test.process) { exchange in
                test.process.server = exchange.server
                let order = Samples.order()
                try await test.accept(order)
                try await eventually { try await test.redis.send(["XINFO", "GROUPS", test.keys.events]).array?.count == 1 }
                let client = try await WebSocketClient(port: exchange.server.port, path: "/v1/stream?orderId=\(order.id)")
                #expect(try await client.text().contains(#""type":"pending""#))
                let stopping = Loop.spawn { await notifier.stop(within: .seconds(10)) }
                try await withDeadline(.seconds(5)) { try await storing.value }
                guard case .cancelled = try await test.pipeline.cancel(order.id) else { throw TestFailure("the order was not cancelled") }
                #expect(try await client.text().contains(#""type":"cancelled""#))
                #expect(try await client.closeCode() == 1000)
                await stopping.value
            }
        }
    }
}
