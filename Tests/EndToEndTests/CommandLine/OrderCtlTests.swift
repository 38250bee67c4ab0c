import EventLoop
import JSON
import TestSupport
import Testing

@Suite("The command line", .onLoop) @ServiceActor
struct OrderCtlTests {
    @Test(.engine())
    func `An order is placed and followed to its end, and can be found again`() async throws {
        try await withEdge { edge, engine in
            let placed = try await edge.orderctl("submit", "--watch", "--user", "anna", "SOL", "USDC", "1.5")
            #expect(placed.code == 0 && placed.output.contains("100 %  confirmed") && placed.output.contains("\nReceived "), "\(placed.output)")
            let id = try #require(placed.output.split(separator: " ").dropFirst().first.map { String($0) })
            try await engine.audit([id])
            try await eventually {
                let list = try await edge.orderctl("list", "--json", "--user", "anna", "--status", "confirmed")
                return try JSONValue.parse(list.output)["orders"]?.array?.compactMap { $0["orderId"]?.string } == [id]
            }
            #expect(try await edge.orderctl("list").output.contains("1.5 SOL to USDC"))
            let shown = try await edge.orderctl("get", id)
            #expect(shown.code == 0 && shown.output.contains("\nstatus        confirmed\n"), "\(shown.output)")
            let replay = try await edge.orderctl("replay", "--json", id)
            let happened = try await engine.events(id).map { try JSONValue.parse($0) }
            #expect((try? JSONValue.parse(replay.output))?["events"]?.array == happened)
            let watched = try await edge.orderctl("watch", "--json", id)
            #expect(watched.code == 0 && watched.output.split(separator: "\n").map { try? JSONValue.parse(String($0)) } == happened)
            let late = try await edge.orderctl("cancel", id)
            #expect(late.code == 1 && late.output.contains("is confirmed already"))
            let unknown = try await edge.orderctl("watch", "0198c1f2-0000-7000-8000-00000000abcd")
            #expect(unknown.code == 1 && unknown.output == "orderctl: There is no order with this id; use the orderId that the engine answered\n")
        }
    }

    @Test(.engine(replicas: [.router: 0]))
    func `With no router the backlog shows in lag, its orders can be cancelled, and a router drains it`() async throws {
        try await withEdge { edge, engine in
            let ids = try await engine.place(count: 30)
            let lag = try await edge.orderctl("lag", "--json")
            let accepted = try JSONValue.parse(lag.output)["streams"]?.array?.first { $0["stream"]?.string == "accepted" }
            // The router makes the group. Without a router Redis knows no group to report.
            #expect(accepted?["length"]?.integer == 30)
            let cancelled = try await edge.orderctl("cancel", ids[0], ids[1])
            #expect(cancelled.code == 0 && cancelled.output.hasSuffix("2 cancelled, 0 refused.\n"), "\(cancelled.output)")
            let end = try await edge.orderctl("watch", ids[0])
            #expect(end.code == 2 && end.output.hasSuffix("The order was cancelled: Order cancelled\n"))
            let router = try await engine.stack.start(.router)
            try await engine.waitForEnd(ids)
            try await engine.stack.kill(.router, router)
            _ = try await engine.place(count: 7)
            try await eventually {
                let lag = try await edge.orderctl("lag")
                return lag.output.split(separator: "\n").contains { $0.hasPrefix("accepted  router    7 ") && $0.contains(" ████████████████████ ") }
            }
            try await engine.stack.start(.router)
            try await eventually {
                let lag = try await edge.orderctl("lag")
                return lag.output.split(separator: "\n").contains { $0.hasPrefix("accepted  router    0 ") }
            }
        }
    }

    @Test(.engine(replicas: [.gateway: 2, .executor: 0]))
    func `A pause holds for every gateway, over restarts of Redis and of gateways, while orders inside end; resume ends it`() async throws {
        try await withEdge(gateways: 2) { edge, engine in
            let inside = try await engine.place()
            let paused = try await edge.orderctl("pause", "--reason", "upgrade")
            #expect(paused.code == 0 && paused.output.contains("(upgrade): new orders get 503"), "\(paused.output)")
            try await expectShut(1...2, engine)
            #expect(try await edge.orderctl("submit", "SOL", "USDC", "1").code == 1)
            try await engine.stack.redis.kill()
            try await engine.stack.redis.restart()
            try await engine.stack.start(.gateway)
            try await expectShut(1...3, engine)
            #expect(try await edge.orderctl("lag").output.contains("The engine is paused since "))
            try await engine.stack.start(.executor)
            try await engine.audit([inside])
            #expect(try await edge.orderctl("resume").output == "The engine takes new orders.\n")
            for gateway in 1...3 { _ = try await engine.place(gateway: gateway) }
        }
    }

    private func expectShut(_ gateways: ClosedRange<Int>, _ engine: Engine) async throws {
        for gateway in gateways {
            // Right after a restart of Redis a gateway may still be connecting or preparing it.
            let answer = try await eventually {
                let answer = try await engine.post(Engine.usualOrder, gateway: gateway)
                return ["UNAVAILABLE", "REDIS_NOT_READY"].contains(answer.json["code"]?.string) ? nil : answer
            }
            #expect(answer.status == 503 && answer.json["code"]?.string == "PAUSED" && answer.header("Retry-After") == "30", "\(answer.text)")
        }
    }
}
