import EventLoop
import JSON
import Postgres
import Redis
import TestSupport
import Testing

extension Engine {
    /// Checks what must hold for a set of orders (all that this engine was given) once everything is at rest.
    ///
    /// Each has ended once. Its events are 1 to n in Redis, and the same in Postgres. The chain has filled it exactly if the order says so. Nothing
    /// is left in the streams.
    func audit(_ ids: [String], within limit: Duration = .seconds(60), sourceLocation: SourceLocation = #_sourceLocation) async throws {
        try await waitForEnd(ids, within: limit)
        try await waitUntilIdle(within: limit)
        // After an outage the audit's own connections also come back only with their next attempt.
        try await eventually(within: limit) { self.postgres.isAvailable && self.redis.isConnected }
        let landed = try await allLanded()
        #expect(Set(landed.keys).isSubset(of: Set(ids)), sourceLocation: sourceLocation)
        for id in ids {
            let state = try await state(id) ?? "gone"
            let legs = try (landed[id] ?? []).map { try #require($0["leg"]) }.sorted()
            #expect(legs == (try await legsFilled(id, state)), "\(id) is \(state)", sourceLocation: sourceLocation)
            try await auditEvents(id, state, sourceLocation)
        }
        try await auditRows(ids, sourceLocation)
        for partition in stack.partitions {
            #expect(try await redis.send(["XLEN", "orders:{\(partition)}:dead"]).integer == 0, sourceLocation: sourceLocation)
        }
    }

    /// The numbers of the legs that an order says it has filled, each once. The one leg of an order that is not split is 0; it may be a part.
    private func legsFilled(_ id: String, _ state: String) async throws -> [String] {
        let last = try await events(id).last.map { try JSONValue.parse($0) }
        guard let legs = last?["legs"]?.array else { return state == "confirmed" || last?["filled"] != nil ? ["0"] : [] }
        let filled = legs.filter { $0["status"]?.string == "landed" }
        #expect(state == "confirmed" ? filled.count == legs.count : (last?["filled"] != nil) == !filled.isEmpty, "\(id)")
        return filled.compactMap { $0["leg"]?.integer.map { String($0) } }.sorted()
    }

    /// Checks the events of one order: numbered without gaps, one final, the same in Redis and Postgres.
    func auditEvents(_ id: String, _ state: String, _ sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let texts = try await events(id)
        let events = try texts.map { try JSONValue.parse($0) }
        #expect(events.map { $0["seq"]?.integer } == (1...Int64(max(1, events.count))).map { $0 }, "\(id)", sourceLocation: sourceLocation)
        let finals = events.filter { ["confirmed", "failed", "cancelled"].contains($0["status"]?.string) && $0["type"] == $0["status"] }
        #expect(finals.count == 1 && finals.first == events.last, "\(id)", sourceLocation: sourceLocation)
        #expect(events.last?["status"]?.string == state, "\(id)", sourceLocation: sourceLocation)
        let lines = try await lines(of: id).joined(separator: "\n")
        do {
            try await eventually(within: .seconds(30)) {
                try await self.postgres.query("SELECT events FROM order_rows WHERE order_id = $1::uuid", [.text(id)]).first?[0] == lines
            }
        } catch {
            Issue.record("\(id): Postgres has other events than Redis", sourceLocation: sourceLocation)
        }
    }

    private func auditRows(_ ids: [String], _ sourceLocation: SourceLocation) async throws {
        let result = try await postgres.query("SELECT id::text AS id, status, attempts::text AS attempts FROM orders", [])
        let rows = Dictionary(uniqueKeysWithValues: result.rows.map { ($0["id"] ?? "", $0) })
        #expect(Set(rows.keys) == Set(ids), sourceLocation: sourceLocation)
        for id in ids {
            let place = try await place(of: id)
            #expect(rows[id]?["status"] == place?[0], "\(id)", sourceLocation: sourceLocation)
            #expect(rows[id]?["attempts"] == place?[2], "\(id)", sourceLocation: sourceLocation)
        }
    }

    /// Waits until none of these streams has lag or pending entries, and no retry waits.
    func waitUntilIdle(of streams: Set<String> = ["accepted", "routed", "events"], within limit: Duration = .seconds(60)) async throws {
        do {
            for partition in stack.partitions {
                try await eventually(within: limit) { try await self.leftovers(of: streams, in: partition).isEmpty }
            }
        } catch {
            var left: [String] = []
            for partition in stack.partitions { left += try await leftovers(of: streams, in: partition) }
            throw TestFailure("work is left: \(left)")
        }
    }

    private func leftovers(of streams: Set<String>, in partition: Int) async throws -> [String] {
        var result: [String] = []
        for (stream, group) in [("accepted", "router"), ("routed", "executor"), ("events", "persist")] where streams.contains(stream) {
            let groups = try await redis.send(["XINFO", "GROUPS", "orders:{\(partition)}:\(stream)"]).array ?? []
            var fields: [String: RedisValue] = [:]
            let values = groups.first { $0.array?[1].string == group }?.array ?? []
            for index in stride(from: 0, to: values.count - 1, by: 2) { fields[values[index].string ?? ""] = values[index + 1] }
            if fields["lag"]?.integer != 0 || fields["pending"]?.integer != 0 { result.append("\(stream): \(fields)") }
        }
        let waiting = try await redis.send(["ZCARD", "orders:{\(partition)}:retries"]).integer ?? 0
        return waiting > 0 ? result + ["\(waiting) retries"] : result
    }
}
