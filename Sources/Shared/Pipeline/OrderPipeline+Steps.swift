internal import EventLoop
internal import JSON
internal import Orders
internal import Redis

extension OrderPipeline {
    /// Takes the first step of an entry. Repeats it while Redis is away; the token keeps the start from being counted twice.
    ///
    /// - Parameter later: whether the first step may be written together with the next one, which follows at once. This is done for entries that come
    ///   for the first time.
    public func begin(_ entry: WorkEntry, withNextStep later: Bool = false) async throws(PipelineError) -> BeginOutcome {
        if entry.deliveries == 1, let work = later ? await readUsually(entry) : await beginUsually(entry) { return .work(work) }
        return try await beginAlone(entry)
    }

    /// Takes a later step. Repeats it while Redis is away. If the step was written and its reply was lost, the answer is `stale` or `again`.
    public func step(_ request: StepRequest, _ entry: WorkEntry) async throws(PipelineError) -> StepOutcome {
        if await takeUsually(request, entry) { return .written }
        if !entry.known.isBegun {
            switch try await beginAlone(entry) {
            case .drop(let reason): return .drop(reason)
            case .work(let work) where work.state == .submitted: return .again(work)
            case .work: break
            }
        }
        let reply = try await write(request, entry)
        switch reply.first?.string {
        case "ok": return .written
        case "again": return .again(try work(reply, entry))
        case let text?: return .drop(try reason(text))
        case nil: throw PipelineError(.unexpectedReply, "step answered nothing")
        }
    }

    private func beginAlone(_ entry: WorkEntry) async throws(PipelineError) -> BeginOutcome {
        entry.known.isBegun = true
        let request: StepRequest = entry.stage == .router ? .routeBegin : .buildBegin
        let reply = try await write(request, entry)
        switch reply.first?.string {
        case "ok", "again": return .work(try work(reply, entry))
        case let text?: return .drop(try reason(text))
        case nil: throw PipelineError(.unexpectedReply, "step answered nothing")
        }
    }

    private func beginUsually(_ entry: WorkEntry) async -> Work? {
        guard entry.stage == .router, entry.round == 1, let begun = await usual.begin(entry) else { return nil }
        entry.known.place = OrderPlace("\(OrderState.routing) 1 1 2 \(begun.at) \(entry.name)")
        report(.routeBegin, entry, outcome: "ok", at: begun.at)
        return Work(OrderFold(begun.order), .routing, attempt: 1, [], now: begun.at, isResumed: false)
    }

    /// Reads an order that was routed and that nobody has begun to build. It is begun when it is submitted.
    private func readUsually(_ entry: WorkEntry) async -> Work? {
        guard entry.stage == .executor, let found = await usual.read(entry), let place = found.record.place, place.state == .routed,
            place.entry == entry.name, place.round == entry.round, let fold = try? found.record.fold(keepsEvents: false), let route = fold.route
        else { return nil }
        entry.known.place = place
        entry.known.isBegun = false
        entry.known.venues = route.chosen.openVenues
        entry.known.begunAt = fold.begunAt
        return Work(fold, .building, attempt: place.attempt, [], now: found.at, isResumed: false)
    }

    /// Takes a step as a usual one if it is one. Returns false if nothing is known to be written.
    private func takeUsually(_ request: StepRequest, _ entry: WorkEntry) async -> Bool {
        guard request.then.isEmpty, let seen = entry.known.place, let move = UsualMove(endingWith: request.step),
            move.steps.contains(.buildBegin) != entry.known.isBegun
        else { return false }
        entry.known.place = nil
        let begin = entry.known.isBegun ? [] : StepRequest.buildBegin.events
        let events = (begin + request.events).map { $0.compact(attempt: seen.attempt, venues: entry.known.venues) }
        guard let moved = await usual.take(move, entry, from: seen, setting: request.fields, events) else { return false }
        entry.known.place = OrderPlace(moved.place)
        if !entry.known.isBegun { report(.buildBegin, entry, outcome: "ok", at: moved.at) }
        entry.known.isBegun = true
        report(request, entry, outcome: "ok", at: moved.at)
        if request.step == .confirm { reportEnd(entry.orderID, .confirmed, at: moved.at, since: entry.known.begunAt) }
        noteProgress(of: entry)
        return true
    }

    private func write(_ request: StepRequest, _ entry: WorkEntry) async throws(PipelineError) -> [RedisValue] {
        // The partition is the stream's, not the id's. An order whose id has strayed here is unknown to this partition.
        let keys = partitions[entry.partition]
        let reply = try await persist(
            Scripts.step,
            keys: [
                keys.order(entry.orderID), keys.source(of: entry.stage), keys.events, keys.routed, keys.retries, keys.deadlines, keys.dead,
                keys.leaving,
            ], arguments(request, entry))
        guard let answer = reply.array else { throw PipelineError(.unexpectedReply, "step answered no array") }
        let outcome = answer.first?.string ?? ""
        tell(request, entry, answer)
        // A first step proves nothing: an entry that crashes its worker does so after it.
        let hasBegun = outcome == "again" || outcome == "ok" && request.step.begins
        if !hasBegun { noteProgress(of: entry) }
        return answer
    }

    private func tell(_ request: StepRequest, _ entry: WorkEntry, _ answer: [RedisValue]) {
        let outcome = answer.first?.string ?? ""
        let (time, since) = (answer.last?.string.flatMap { UInt64($0) }, entry.known.begunAt)
        report(request, entry, outcome: outcome, at: time)
        switch (outcome, request.step) {
        case ("ok", .confirm): reportEnd(entry.orderID, .confirmed, at: time, since: since)
        case ("ok", .fail): reportEnd(entry.orderID, .failed, code: request.failure?.rawValue, at: time, since: since)
        case ("ended", _) where answer.count > 1 && answer[1].string != "IN_DOUBT":
            reportEnd(entry.orderID, .failed, code: answer[1].string, at: time, since: since)
        default: break
        }
    }

    /// Waits until each of these deliveries has written a step after its first one, or has nothing left to do. Waits at most `limit` for all of them.
    func waitForSteps(of entries: [WorkEntry], within limit: Duration) async {
        let start = MonotonicInstant.now
        let waits = entries.map { ($0.token, Promise<Void>()) }
        for (token, progress) in waits { waitingForSteps[token] = progress }
        for (token, progress) in waits {
            try? await progress.value(within: max(.zero, limit - start.elapsed))
            waitingForSteps[token] = nil
        }
    }

    /// Ends the wait for a delivery, if there is one.
    func noteProgress(of entry: WorkEntry) { if !waitingForSteps.isEmpty { waitingForSteps[entry.token]?.succeed(()) } }

    private func arguments(_ request: StepRequest, _ entry: WorkEntry) -> [String] {
        var arguments = [
            request.step.rawValue, entry.orderID.description, entry.stage.group, entry.entry, entry.consumer, String(entry.round), entry.token,
            String(settings.maxStarts), String(request.delay), request.usesAttempt ? "1" : "0", String(settings.orderStateTTL),
            request.seen?.rawValue ?? "", String(request.fields.count),
        ]
        for field in request.fields { arguments += [field.name, field.value] }
        arguments.append(String(request.events.count))
        for event in request.events {
            let message = JSONWriter.value(event.message).dropFirst().dropLast()
            arguments += [
                event.type.rawValue, event.progress.map { String($0) } ?? "", String(message), event.members,
            ]
        }
        guard let first = request.then.first else { return arguments }
        return arguments + [String(first.order.createdAt)] + request.then.flatMap(\.sheet)
    }

    private func reason(_ text: String) throws(PipelineError) -> DropReason {
        guard let reason = DropReason(rawValue: text) else { throw PipelineError(.unexpectedReply, "step answered \(text)") }
        return reason
    }

    /// A limit far from overflow, and above any count that an order can have.
    private static let attempts: ClosedRange<Int64> = 0...1_000_000

    /// Reads `{outcome, state, attempt, the hash before the step, the step's lines, now}`.
    private func work(_ reply: [RedisValue], _ entry: WorkEntry) throws(PipelineError) -> Work {
        guard reply.count == 6, let state = reply[1].string.flatMap({ OrderState(rawValue: $0) }), let attempt = reply[2].integer,
            Self.attempts.contains(attempt), let now = reply[5].milliseconds, let fold = fold(entry, reply[3], adding: reply[4]),
            let transactions = SignedTransaction.list(fold.transactions)
        else { throw PipelineError(.unexpectedReply, "order \(entry.orderID) cannot be read") }
        entry.known.begunAt = fold.fold.begunAt
        return Work(fold.fold, state, attempt: Int(attempt), transactions, now: now, isResumed: reply[0].string == "again")
    }

    /// The order of a hash with the lines of a step that were not in it yet, and its transactions.
    private func fold(_ entry: WorkEntry, _ hash: RedisValue, adding lines: RedisValue) -> (fold: OrderFold, transactions: String)? {
        let record = OrderRecord(entry.orderID, hash: hash)
        guard var fold = try? record.fold(keepsEvents: false), (try? fold.add(lines: Substring(lines.string ?? ""))) != nil else { return nil }
        return (fold, record.transactions)
    }
}
