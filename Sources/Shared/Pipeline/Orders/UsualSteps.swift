internal import EventLoop
internal import Orders
internal import Redis

/// The usual steps of orders, many in one call of a script. The answer is nil where a step is not usual, or where a call has failed: then the script
/// for one order takes the step, or finds that it was taken.
@ServiceActor
final class UsualSteps {
    /// Orders of one call: some milliseconds of Redis at most.
    private static let page = 64

    /// A move of one order.
    private struct Move: Sendable {
        let entry: WorkEntry
        let seen: String
        let fields: [(name: String, value: String)]
        let events: [CompactEvent]
    }

    /// An order to be accepted: its keys, and the arguments of the script.
    struct Proposal: Sendable {
        let keys: [String]
        let arguments: [String]
    }

    private let accepts: [Batcher<Proposal, String?>]
    private let begins: [Batcher<WorkEntry, Begun?>]
    private let reads: [Batcher<OrderID, Found?>]
    private let moves: [[UsualMove: Batcher<Move, Moved?>]]

    /// An order that was begun.
    struct Begun: Sendable {
        let order: Order
        let at: UInt64
    }

    /// An order that was read.
    struct Found: Sendable {
        let record: OrderRecord
        let at: UInt64
    }

    /// An order that was moved on.
    struct Moved: Sendable {
        let place: String
        let at: UInt64
    }

    init(pipeline: OrderPipeline, partitions: [Keys]) {
        accepts = partitions.map { keys in
            Batcher(max: Self.page) { [unowned pipeline] orders throws(PipelineError) in try await Self.accept(orders, keys, pipeline) }
        }
        begins = partitions.map { keys in
            Batcher(max: Self.page) { [unowned pipeline] entries throws(PipelineError) in try await Self.begin(entries, keys, pipeline) }
        }
        reads = partitions.map { keys in
            Batcher(max: Self.page) { [unowned pipeline] ids throws(PipelineError) in try await Self.read(ids, keys, pipeline) }
        }
        moves = partitions.map { keys in
            Dictionary(
                uniqueKeysWithValues: UsualMove.allCases.map { move in
                    (
                        move,
                        Batcher(max: Self.page) { [unowned pipeline] requests throws(PipelineError) in
                            try await Self.advance(move, requests, keys, pipeline)
                        }
                    )
                })
        }
    }

    /// Accepts an order. Returns the id of its entry; nil if the script for one order has to decide. Throws if nothing was written, or if that is not
    /// known.
    func accept(_ order: Proposal, _ partition: Int, within limit: Duration) async throws(PipelineError) -> String? {
        do {
            return try await accepts[partition].ask(order, within: limit)
        } catch {
            // One order of the call may have been refused, and others written. The script for one order finds out.
            guard error.code == .refused || error.code == .unexpectedReply else { throw error }
            return nil
        }
    }

    /// Begins an entry of the router that was delivered for the first time.
    func begin(_ entry: WorkEntry) async -> Begun? { (try? await begins[entry.partition].ask(entry)) ?? nil }

    /// Reads the order of an entry. Changes nothing.
    func read(_ entry: WorkEntry) async -> Found? { (try? await reads[entry.partition].ask(entry.orderID)) ?? nil }

    /// Moves an order on from the place where it was seen.
    func take(
        _ move: UsualMove, _ entry: WorkEntry, from seen: String, setting fields: [(name: String, value: String)], _ events: [CompactEvent]
    ) async -> Moved? {
        let request = Move(entry: entry, seen: seen, fields: fields, events: events)
        return (try? await moves[entry.partition][move]?.ask(request)) ?? nil
    }

    private static func accept(_ orders: [Proposal], _ keys: Keys, _ pipeline: OrderPipeline) async throws(PipelineError) -> [String?] {
        let first = StepRequest.pending.compact(attempt: 1)
        let reply = try await pipeline.run(
            Scripts.acceptMany, keys: [keys.accepted, keys.events, keys.deadlines, keys.paused] + orders.flatMap(\.keys),
            [first.rest] + orders.flatMap(\.arguments))
        guard let jobs = reply.array, jobs.count == orders.count else { throw PipelineError(.unexpectedReply, "accept answered no list") }
        return jobs.map { job in job.string.flatMap { $0.isEmpty ? nil : $0 } }
    }

    private static func begin(_ entries: [WorkEntry], _ keys: Keys, _ pipeline: OrderPipeline) async throws(PipelineError) -> [Begun?] {
        let begin = StepRequest.routeBegin.events[0].compact(attempt: 1)
        var arguments = [begin.rest]
        for entry in entries { arguments += [entry.consumer, entry.entry, entry.orderID.description] }
        let reply = try await pipeline.run(
            Scripts.beginMany, keys: [keys.accepted, keys.events] + entries.map { keys.order($0.orderID) }, arguments)
        return answers(reply, to: entries) { _, value, at in
            guard let text = value.string, !text.isEmpty, let order = try? Order(json: text) else { return nil }
            return Begun(order: order, at: at)
        }
    }

    private static func read(_ ids: [OrderID], _ keys: Keys, _ pipeline: OrderPipeline) async throws(PipelineError) -> [Found?] {
        let reply = try await pipeline.run(Scripts.readMany, keys: ids.map { keys.order($0) }, [])
        return answers(reply, to: ids) { id, hash, at in Found(record: OrderRecord(id, hash: hash), at: at) }
    }

    private static func advance(
        _ move: UsualMove, _ requests: [Move], _ keys: Keys, _ pipeline: OrderPipeline
    ) async throws(PipelineError) -> [Moved?] {
        let source = keys.source(of: move.source.stage ?? .executor)
        var arguments = [move.rawValue]
        for request in requests {
            let entry = request.entry
            arguments += [entry.consumer, entry.entry, entry.orderID.description, request.seen, String(request.fields.count)]
            for field in request.fields { arguments += [field.name, field.value] }
            arguments.append(String(request.events.count))
            for event in request.events { arguments += [event.type.rawValue, event.rest] }
        }
        let reply = try await pipeline.run(
            Scripts.advanceMany, keys: [source, keys.events, keys.routed, keys.deadlines] + requests.map { keys.order($0.entry.orderID) }, arguments)
        return answers(reply, to: requests) { _, value, at in value.string.flatMap { $0.isEmpty ? nil : Moved(place: $0, at: at) } }
    }

    /// Reads `{time, one answer for each request}`.
    private static func answers<Request, Answer>(
        _ reply: RedisValue, to requests: [Request], _ read: (Request, RedisValue, UInt64) -> Answer?
    ) -> [Answer?] {
        guard let values = reply.array, values.count == requests.count + 1, let at = values[0].milliseconds else { return requests.map { _ in nil } }
        return zip(requests, values.dropFirst()).map { read($0, $1, at) }
    }
}
