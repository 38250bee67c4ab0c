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
        let seen: OrderPlace
        let fields: [(name: String, value: String)]
        let events: [CompactEvent]

        /// Whether one call can take this move with another: what moves of a call have in common is told once.
        func isAlike(_ other: Move) -> Bool {
            entry.consumer == other.entry.consumer && fields.elementsEqual(other.fields) { $0.name == $1.name }
                && events.elementsEqual(other.events) { $0.type == $1.type }
        }
    }

    /// An order to be accepted: its keys, and the arguments of the script.
    struct Proposal: Sendable {
        let keys: [String]
        let arguments: [String]

        /// - Parameters:
        ///   - ttl: how long the record of the order's key stays, in ms; it has the request's `digest`.
        ///   - placing: the count of partitions by which the order's key was given its partition.
        ///   - limit: the latest time of Redis, in ms, at which the order may be accepted.
        init(_ order: Order, _ keys: Keys, digest: String, ttl: UInt64, placing: Int, before limit: UInt64) {
            var (names, letters, more) = ([keys.order(order.id)], "", [] as [String])
            if let key = order.clientOrderId {
                names.append(keys.idempotency(order.idempotencyScope, key: key))
                letters += "k"
                more += [String(ttl), digest, String(order.slippageBps), String(placing)]
            }
            if let user = order.userId {
                names.append(keys.user(user))
                letters += "u"
                more += [user.text, String(order.createdAt)]
            }
            if let deadline = order.deadline {
                letters += "d"
                more.append(String(deadline))
            }
            self.keys = names
            arguments = [order.json, order.fingerprint, String(limit), letters] + more
        }
    }

    /// The calls of one partition.
    private struct Part {
        let accepts: Batcher<Proposal, String?>
        let begins: Batcher<WorkEntry, Begun?>
        let reads: Batcher<OrderID, Found?>
        let moves: [UsualMove: Batcher<Move, Moved?>]
    }

    private unowned let pipeline: OrderPipeline
    private var parts: [Part] = []

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

    init(pipeline: OrderPipeline) { self.pipeline = pipeline }

    /// The calls of a partition, which are made when they are first needed: partitions may become more.
    private func part(_ partition: Int) -> Part {
        while parts.count <= partition { parts.append(makePart(Keys(partition: parts.count))) }
        return parts[partition]
    }

    private func makePart(_ keys: Keys) -> Part {
        let moves = UsualMove.allCases.map { move in
            (
                move,
                Batcher<Move, Moved?>(max: Self.page) { [unowned pipeline] requests throws(PipelineError) in
                    try await Self.advance(move, requests, keys, pipeline)
                }
            )
        }
        return Part(
            accepts: Batcher(max: Self.page) { [unowned pipeline] orders throws(PipelineError) in try await Self.accept(orders, keys, pipeline) },
            begins: Batcher(max: Self.page) { [unowned pipeline] entries throws(PipelineError) in try await Self.begin(entries, keys, pipeline) },
            reads: Batcher(max: Self.page) { [unowned pipeline] ids throws(PipelineError) in await Self.read(ids, keys, pipeline) },
            moves: Dictionary(uniqueKeysWithValues: moves))
    }

    /// Accepts an order. Returns the id of its entry; nil if the script for one order has to decide. Throws if nothing was written, or if that is not
    /// known.
    func accept(_ order: Proposal, _ partition: Int, within limit: Duration) async throws(PipelineError) -> String? {
        do {
            return try await part(partition).accepts.ask(order, within: limit)
        } catch {
            // One order of the call may have been refused, and others written. The script for one order finds out.
            guard error.code == .refused || error.code == .unexpectedReply else { throw error }
            return nil
        }
    }

    /// Begins an entry of the router that was delivered for the first time.
    func begin(_ entry: WorkEntry) async -> Begun? { (try? await part(entry.partition).begins.ask(entry)) ?? nil }

    /// Reads the order of an entry. Changes nothing.
    func read(_ entry: WorkEntry) async -> Found? { (try? await part(entry.partition).reads.ask(entry.orderID)) ?? nil }

    /// Moves an order on from the place where it was seen.
    func take(
        _ move: UsualMove, _ entry: WorkEntry, from seen: OrderPlace, setting fields: [(name: String, value: String)], _ events: [CompactEvent]
    ) async -> Moved? {
        // The script makes the text of the place from the move and the entry, and takes no order that is elsewhere.
        guard seen.state == move.source, seen.entry == entry.name else { return nil }
        let request = Move(entry: entry, seen: seen, fields: fields, events: events)
        return (try? await part(entry.partition).moves[move]?.ask(request)) ?? nil
    }

    private static func accept(_ orders: [Proposal], _ keys: Keys, _ pipeline: OrderPipeline) async throws(PipelineError) -> [String?] {
        let first = StepRequest.pending.compact(attempt: 1)
        let reply = try await pipeline.run(
            Scripts.acceptMany, keys: [keys.accepted, keys.events, keys.deadlines, keys.paused, keys.placing] + orders.flatMap(\.keys),
            [first.rest(seq: 1)] + orders.flatMap(\.arguments))
        guard let jobs = reply.array, jobs.count == orders.count else { throw PipelineError(.unexpectedReply, "accept answered no list") }
        return jobs.map { job in job.string.flatMap { $0.isEmpty ? nil : $0 } }
    }

    private static func begin(_ entries: [WorkEntry], _ keys: Keys, _ pipeline: OrderPipeline) async throws(PipelineError) -> [Begun?] {
        let event = StepRequest.routeBegin.events[0].compact(attempt: 1).rest(seq: 2)
        return await byLikeness(entries, { $0.consumer == $1.consumer }) { entries throws(PipelineError) in
            let reply = try await pipeline.run(
                Scripts.beginMany, keys: [keys.accepted, keys.events] + entries.map { keys.order($0.orderID) },
                [event] + holding(entries) + entries.map(\.entry))
            return answers(reply, to: entries) { value, at in
                guard let text = value.string, !text.isEmpty, let order = try? Order(json: text) else { return nil }
                return Begun(order: order, at: at)
            }
        }
    }

    /// Reads hashes by a command of Redis: through a script each would cost several times as much.
    private static func read(_ ids: [OrderID], _ keys: Keys, _ pipeline: OrderPipeline) async -> [Found?] {
        async let time = try? pipeline.run(Scripts.now, keys: [keys.accepted], [])
        let replies = try? await pipeline.send(all: ids.map { ["HGETALL", keys.order($0)] })
        guard let at = await time?.milliseconds, let replies else { return ids.map { _ in nil } }
        return zip(ids, replies).map { id, reply in (try? reply.get()).map { Found(record: OrderRecord(id, hash: $0), at: at) } }
    }

    private static func advance(
        _ move: UsualMove, _ requests: [Move], _ keys: Keys, _ pipeline: OrderPipeline
    ) async throws(PipelineError) -> [Moved?] {
        let streams = [keys.source(of: move.source.stage ?? .executor), keys.events, keys.routed, keys.deadlines]
        return await byLikeness(requests, { $0.isAlike($1) }) { requests throws(PipelineError) in
            let reply = try await pipeline.run(
                Scripts.advanceMany, keys: streams + requests.map { keys.order($0.entry.orderID) }, [move.rawValue] + arguments(of: requests))
            return answers(reply, to: requests) { value, at in value.string.flatMap { $0.isEmpty ? nil : Moved(place: $0, at: at) } }
        }
    }

    /// The arguments of moves that are alike.
    private static func arguments(of requests: [Move]) -> [String] {
        let first = requests[0]
        var arguments = holding(requests.map(\.entry))
        arguments += [String(first.fields.count)] + first.fields.map(\.name)
        arguments += [String(first.events.count)] + first.events.map(\.type.rawValue)
        for request in requests {
            let seen = request.seen
            arguments += [request.entry.entry, " \(seen.round) \(seen.attempt) \(seen.seq) \(seen.at) "] + request.fields.map(\.value)
            for (index, event) in request.events.enumerated() { arguments.append(event.rest(seq: seen.seq + 1 + index)) }
        }
        return arguments
    }

    /// Makes one call for all requests that are alike, and puts each answer in the place of its request. It is nil where the call has failed.
    private static func byLikeness<Request, Answer>(
        _ requests: [Request], _ areAlike: (Request, Request) -> Bool, _ call: ([Request]) async throws(PipelineError) -> [Answer?]
    ) async -> [Answer?] {
        var groups: [[Int]] = []
        for index in requests.indices {
            if let group = groups.firstIndex(where: { areAlike(requests[$0[0]], requests[index]) }) {
                groups[group].append(index)
            } else {
                groups.append([index])
            }
        }
        var answers = [Answer?](repeating: nil, count: requests.count)
        for group in groups {
            guard let found = try? await call(group.map { requests[$0] }) else { continue }
            for (index, answer) in zip(group, found) { answers[index] = answer }
        }
        return answers
    }

    /// The consumer of entries, and the oldest and the newest of them.
    private static func holding(_ entries: [WorkEntry]) -> [String] {
        guard let first = entries.first else { return [] }
        var (oldest, newest) = (first.entry, first.entry)
        var (least, largest) = (StreamPosition(oldest), StreamPosition(newest))
        for entry in entries.dropFirst() {
            let position = StreamPosition(entry.entry)
            if position < least { (oldest, least) = (entry.entry, position) }
            if largest < position { (newest, largest) = (entry.entry, position) }
        }
        return [first.consumer, oldest, newest]
    }

    /// Reads `{time, one answer for each request}`.
    private static func answers<Request, Answer>(
        _ reply: RedisValue, to requests: [Request], _ read: (RedisValue, UInt64) -> Answer?
    ) -> [Answer?] {
        guard let values = reply.array, values.count == requests.count + 1, let at = values[0].milliseconds else { return requests.map { _ in nil } }
        return values.dropFirst().map { read($0, at) }
    }
}
