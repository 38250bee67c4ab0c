internal import EventLoop
internal import JSON
internal import Orders
internal import Redis

extension OrderPipeline {
    /// Takes the first step of an entry. Repeats it while Redis is away; the token keeps the start from being counted twice.
    public func begin(_ entry: WorkEntry) async throws(PipelineError) -> BeginOutcome {
        let request: StepRequest = entry.stage == .router ? .routeBegin : .buildBegin
        let reply = try await write(request, entry)
        switch reply.first?.string {
        case "ok", "again": return .work(try work(reply, entry))
        case let text?: return .drop(try reason(text))
        case nil: throw PipelineError(.unexpectedReply, "step answered nothing")
        }
    }

    /// Takes a later step. Repeats it while Redis is away. If the step was written and its reply was lost, the answer is `stale` or `again`.
    public func step(_ request: StepRequest, _ entry: WorkEntry) async throws(PipelineError) -> StepOutcome {
        let reply = try await write(request, entry)
        switch reply.first?.string {
        case "ok": return .written
        case "again": return .again(try work(reply, entry))
        case let text?: return .drop(try reason(text))
        case nil: throw PipelineError(.unexpectedReply, "step answered nothing")
        }
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
        let time = answer.last?.string.flatMap { UInt64($0) }
        report(request, entry, outcome: outcome, at: time)
        switch (outcome, request.step) {
        case ("ok", .confirm): reportEnd(entry.orderID, .confirmed, at: time)
        case ("ok", .fail): reportEnd(entry.orderID, .failed, code: request.failure?.rawValue, at: time)
        case ("ended", _) where answer.count > 1 && answer[1].string != "IN_DOUBT":
            reportEnd(entry.orderID, .failed, code: answer[1].string, at: time)
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
    func noteProgress(of entry: WorkEntry) { waitingForSteps[entry.token]?.succeed(()) }

    private func arguments(_ request: StepRequest, _ entry: WorkEntry) -> [String] {
        var arguments = [
            request.step.rawValue, entry.orderID.description, entry.stage.group, entry.entry, entry.consumer, String(entry.round), entry.token,
            String(settings.maxStarts), String(request.delay), request.usesAttempt ? "1" : "0", String(settings.orderStateTTL),
            request.seen?.rawValue ?? "", String(request.fields.count),
        ]
        for field in request.fields { arguments += [field.name, field.value] }
        for event in request.events {
            let message = JSONWriter.value(event.message).dropFirst().dropLast()
            arguments += [
                event.type.rawValue, event.progress.map { String($0) } ?? "", String(message), event.extra, event.showsQuotes ? "1" : "0",
            ]
        }
        return arguments
    }

    private func reason(_ text: String) throws(PipelineError) -> DropReason {
        guard let reason = DropReason(rawValue: text) else { throw PipelineError(.unexpectedReply, "step answered \(text)") }
        return reason
    }

    /// A limit far from overflow, and above any count that an order can have.
    private static let attempts: ClosedRange<Int64> = 0...1_000_000

    private static func staleQuotes(_ count: Int64?) -> Int? {
        let count = count ?? 0
        return attempts.contains(count) ? Int(count) : nil
    }

    /// Reads `{outcome, seq, state, attempt, order, route, quotes, transactions, routedAt, stale, now}`.
    private func work(_ reply: [RedisValue], _ entry: WorkEntry) throws(PipelineError) -> Work {
        guard reply.count == 11, let state = reply[2].string.flatMap({ OrderState(rawValue: $0) }), let attempt = reply[3].integer,
            Self.attempts.contains(attempt), let text = reply[4].string, let order = try? Order(json: text), let now = reply[10].milliseconds,
            let stale = Self.staleQuotes(reply[9].integer), let transactions = SignedTransaction.list(reply[7].string ?? "")
        else { throw PipelineError(.unexpectedReply, "order \(entry.orderID) cannot be read") }
        return Work(
            order: order, state: state, attempt: Int(attempt), route: route(reply[5].string, at: reply[8].milliseconds), transactions: transactions,
            staleQuotes: stale, now: now, isResumed: reply[0].string == "again")
    }

    private func route(_ members: String?, at routedAt: UInt64?) -> StoredRoute? {
        guard let members, !members.isEmpty, let routedAt, let chosen = try? ChosenRoute(members: members) else { return nil }
        return StoredRoute(chosen, routedAt: routedAt)
    }
}
