import EventLoop
import Orders
import TestSupport
import Testing

@testable import Pipeline

/// Tests workers that die one after the other of an order among others, on Redis, with the scripts that real workers use.
@Suite(.onLoop) @ServiceActor
struct SuspectTests {
    /// The outcome of a run.
    private struct Course {
        var rounds = 0
        var crashes = 0
        var maxStarts = 0
    }

    /// Lets workers claim, begin and route until nothing is pending. A worker that has begun one of the poisonous orders dies with all its entries.
    private func work(_ bench: Bench, _ orders: [Order], poison: Set<OrderID>, maxStarts: Int) async throws -> Course {
        var course = Course()
        var entries = try await read(bench)
        while !entries.isEmpty {
            course.rounds += 1
            var begun: [WorkEntry] = []
            for entry in entries { if case .work = try await bench.pipeline.begin(entry) { begun.append(entry) } }
            if begun.contains(where: { poison.contains($0.orderID) }) {
                course.crashes += 1
            } else {
                for entry in begun { try await bench.written(.routeDone([Samples.meteora]), entry) }
            }
            for order in orders where !poison.contains(order.id) {
                let starts = try await bench.field(order, "d").split(separator: ":").dropFirst(2).first.flatMap { Int($0) } ?? 0
                course.maxStarts = max(course.maxStarts, starts)
            }
            entries = try await claim(bench, "w\(course.rounds)", maxStarts)
        }
        return course
    }

    private func read(_ bench: Bench) async throws -> [WorkEntry] {
        let reply = try await bench.send("XREADGROUP", "GROUP", "router", "w", "STREAMS", bench.keys.accepted, ">")
        return StreamEntry.list(readGroup: reply).compactMap { WorkEntry($0, options: .of(.router, "w"), partition: 0) }
    }

    private func claim(_ bench: Bench, _ consumer: String, _ maxStarts: Int) async throws -> [WorkEntry] {
        let entries = try await bench.claim(as: consumer, idle: 0, max: 1000, Suspicion(maxStarts: maxStarts))
        return entries.compactMap { WorkEntry($0, options: .of(.router, consumer), partition: 0) }
    }

    @Test(arguments: [(5, [0]), (5, [39]), (5, [17]), (5, [3, 4]), (5, [0, 10, 20, 39]), (3, [7]), (2, [7]), (2, [0, 39]), (12, [21])])
    func `an order that ends its workers is found by halves, and no other is given up for it`(maxStarts: Int, places: [Int]) async throws {
        try await withBench(PipelineSettings(maxStarts: maxStarts)) { bench in
            var orders: [Order] = []
            for _ in 0..<40 { orders.append(try await bench.place()) }
            let poison = Set(places.map { orders[$0].id })
            let course = try await work(bench, orders, poison: poison, maxStarts: maxStarts)
            for order in orders {
                let event = try #require(try await bench.events(order).last)
                if poison.contains(order.id) {
                    #expect(event.error?.code == .poisoned)
                } else {
                    #expect(try await bench.state(order) == .routed)
                }
            }
            #expect(course.maxStarts <= maxStarts)
            #expect(course.crashes <= maxStarts * poison.count)
            #expect(try await bench.deadLetters().count == poison.count)
            // One by one it would take 40 rounds and the crashes.
            if maxStarts >= 5, poison.count == 1 { #expect(course.rounds <= 28, "\(course)") }
        }
    }

    @Test func `crashes that no order is to blame for cost the orders no more than a round of halves`() async throws {
        try await withBench { bench in
            var orders: [Order] = []
            for _ in 0..<64 { orders.append(try await bench.place()) }
            _ = try await read(bench)
            _ = try await claim(bench, "second", 5)
            var sizes: [Int] = []
            while true {
                let entries = try await claim(bench, "third-\(sizes.count)", 5)
                guard !entries.isEmpty else { break }
                sizes.append(entries.count)
                for entry in entries {
                    try await bench.begin(entry)
                    try await bench.written(.routeDone([Samples.meteora]), entry)
                }
            }
            #expect(sizes == [32, 16, 8, 4, 2, 1, 1])
            for order in orders { #expect(try await bench.state(order) == .routed) }
        }
    }
}
