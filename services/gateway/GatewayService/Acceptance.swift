internal import Access
internal import Configuration
internal import Dialects
internal import EventLoop
internal import HTTP
internal import Observability
internal import Orders
internal import Pipeline
internal import Redis
internal import ServiceKit

/// An accepted order, as the client is told.
struct Accepted {
    let id: OrderID
    let job: String
    let slippageBps: Int
    let isReplay: Bool
    /// The orders as they were placed; nil where only their record is known.
    let placed: [NewOrder]?
}

/// What a client asks for: one order, or a pair of which at most one fills.
struct Asked {
    let requests: Result<[OrderRequest], RequestRefusal>
    /// How the request is recognised when it is repeated; nil without a usable key.
    let claim: RequestClaim?

    init(_ reading: RequestReading) {
        requests = reading.result.map { [$0] }
        claim = reading.claim
    }

    init(_ reading: PairReading) {
        requests = reading.result.map { [$0.first, $0.second] }
        claim = reading.claim
    }

    /// What a caller asks for, for its own user where it names none.
    func orders(of principal: Principal) throws(RequestRefusal) -> [OrderRequest] {
        try requests.get().map { request in
            var request = request
            request.userId = request.userId ?? principal.user
            return request
        }
    }
}

/// Accepts orders: reads the request and writes the order once, even if answers of Redis are lost.
@ServiceActor
final class Acceptance {
    /// The client is told within a second whether its order was accepted. This limit leaves time for the network.
    private static let limit = Duration.milliseconds(800)
    /// Who is refused because of overload is told soon. So the look for an earlier answer may not take long then.
    private static let recallLimit = Duration.milliseconds(100)
    private static let tries = 3

    private let settings: GatewaySettings
    private let process: ServiceProcess
    private let tokens: TokenList
    private let admission: Admission
    private let limits: UserLimits
    private let triggers: TriggerCheck
    private let outcomes: MetricFamily<Counter>
    private var random = SecureRandom()

    init(
        settings: GatewaySettings, process: ServiceProcess, tokens: TokenList, triggers: TriggerCheck, admission: Admission,
        outcomes: MetricFamily<Counter>
    ) throws(StartError) {
        self.triggers = triggers
        limits = try UserLimits(settings.userLimits, tokens: tokens)
        self.settings = settings
        self.process = process
        self.tokens = tokens
        self.admission = admission
        self.outcomes = outcomes
    }

    /// Registers the counter of outcomes; called once per process.
    static func outcomes(in metrics: MetricsRegistry) -> MetricFamily<Counter> {
        metrics.counters("orders_received_total", help: "Orders received, by what became of them.", by: ["outcome"])
    }

    /// Reads and accepts an order.
    func accept(_ request: HTTPRequest) async throws(Problem) -> (Accepted, RequestReading) {
        var read: RequestReading?
        let accepted = try await accept(request) { () throws(Problem) in
            let reading = RequestReading(
                body: request.body, idempotencyKeys: request.headers.all("Idempotency-Key"), vocabulary: Dialects.vocabulary, tokens: tokens)
            read = reading
            return Asked(reading)
        }
        guard let read else { throw .cannotTakeOrders }
        return (accepted, read)
    }

    /// Reads and accepts a pair of which at most one fills. The answer names the first.
    func acceptPair(_ request: HTTPRequest) async throws(Problem) -> (Accepted, PairReading) {
        var read: PairReading?
        let accepted = try await accept(request) { () throws(Problem) in
            let reading = PairReading(
                body: request.body, idempotencyKeys: request.headers.all("Idempotency-Key"), vocabulary: Dialects.vocabulary, tokens: tokens)
            read = reading
            return Asked(reading)
        }
        guard let read else { throw .cannotTakeOrders }
        return (accepted, read)
    }

    /// Reads and accepts what a client asks for. Throws the `Problem` that the client gets. Then no order was written, unless the problem names an
    /// `orderId`.
    ///
    /// If an order was accepted under the same key before, the client gets that answer again, even if a new order would be refused now: because its
    /// deadline has passed, the engine is paused, Redis is full, or the token is no longer known.
    private func accept(_ request: HTTPRequest, _ read: () throws(Problem) -> Asked) async throws(Problem) -> Accepted {
        let start = MonotonicInstant.now
        do throws(Problem) {
            guard request.isJSON else { throw .notJSON }
            let reading = try read()
            let principal = request.principal
            let accepted: Accepted
            var proposed: [NewOrder] = []
            do throws(Problem) {
                let traceparent = request.header("traceparent").flatMap { TraceContext(traceparent: $0)?.traceparent }
                accepted = try await take(reading, for: principal, traceparent: traceparent, proposing: &proposed)
            } catch {
                let isBusy = error.code == Problem.Code.overloaded.rawValue
                let time = isBusy ? Self.recallLimit : max(.milliseconds(50), Self.limit - start.elapsed)
                guard let known = try await recall(reading, for: principal, proposed, after: error, within: time) else { throw error }
                accepted = known
            }
            for new in proposed where !accepted.isReplay {
                process.log.order(.debug, "order.accepted", new.order)
                process.counted.count("orders.accepted")
            }
            outcomes.labelled(accepted.isReplay ? "replayed" : "accepted").increment()
            return accepted
        } catch {
            // An operator's pause is not an outage: alerts on "unavailable" must stay quiet.
            outcomes.labelled(error.code == Problem.Code.paused.rawValue ? "paused" : error.status == 503 ? "unavailable" : "refused").increment()
            throw error
        }
    }

    private func take(
        _ reading: Asked, for principal: Principal, traceparent: String?, proposing proposed: inout [NewOrder]
    ) async throws(Problem) -> Accepted {
        let requests: [OrderRequest]
        do throws(RequestRefusal) { requests = try reading.orders(of: principal) } catch { throw Problem(error) }
        for request in requests { try limits.check(request, of: principal) }
        if let user = requests[0].userId, !process.access.maySpeak(for: user, principal) { throw .foreignUser }
        // Before the count of partitions is agreed on, an order might go to a partition that no process serves.
        guard process.redis.isConnected else { throw notReady }
        guard let now = process.heartbeat.clock.now else { throw .cannotTakeOrders }
        for request in requests { if let refusal = request.refusal(at: now) { throw Problem(refusal) } }
        try admission.enter()
        let start = MonotonicInstant.now
        defer { admission.leave(since: start) }
        return try await write(requests, reading, for: principal, traceparent: traceparent, proposing: &proposed)
    }

    /// The answer that the same request got under the same key before. It is also the answer of this request if only the reply was late. Nil if there
    /// is none. Only reads, so it needs no memory of Redis.
    ///
    /// If the record cannot be read, the outcome is unknown: a refusal of a new request says nothing about an order that may have been accepted.
    private func recall(
        _ reading: Asked, for principal: Principal, _ proposed: [NewOrder], after refusal: Problem, within time: Duration
    ) async throws(Problem) -> Accepted? {
        guard let claim = reading.claim?.made(by: principal) else { return nil }
        let found: AcceptedRecord?
        do {
            found = try await process.pipeline.record(of: claim, timeout: time)
        } catch {
            if refusal.status < 500 { throw .orderOutcomeUnknown(nil) }
            return nil
        }
        guard let record = found else { return nil }
        let requests = try? reading.orders(of: principal)
        if record.digest == claim.digest || record.fingerprint == requests.map(OrderRequest.fingerprint) {
            let slippageBps = record.slippageBps ?? requests?.first?.slippageBps ?? 100
            let isReplay = record.id != proposed.first?.order.id
            return Accepted(id: record.id, job: record.job, slippageBps: slippageBps, isReplay: isReplay, placed: isReplay ? nil : proposed)
        }
        if requests == nil { return nil }
        throw .idempotencyConflict
    }

    private func write(
        _ requests: [OrderRequest], _ reading: Asked, for principal: Principal, traceparent: String?, proposing proposed: inout [NewOrder]
    ) async throws(Problem) -> Accepted {
        let request = requests[0]
        let scope = IdempotencyScope(owner: principal.owner, user: request.userId)
        let counts = limits.counts(principal, user: request.userId)
        guard counts == nil || process.pipeline.countsOrders else { throw .cannotCountOrders }
        let start = MonotonicInstant.now
        var collisions = 0
        while collisions < Self.tries {
            guard let now = process.heartbeat.clock.now else { throw .cannotTakeOrders }
            let partition =
                request.idempotencyKey.map { process.pipeline.partition(scope, idempotencyKey: $0) }
                ?? process.pipeline.anyPartition(using: &random)
            let orders = orders(requests, in: partition, at: now, owner: principal.owner, traceparent: traceparent)
            let new = try await triggers.waiting(orders, asked: requests)
            proposed = new
            switch try await submit(new, reading.claim, counts, before: now + UInt64(Self.limit.millisecondsRoundedUp)) {
            case .accepted(let id, let job):
                return Accepted(id: id, job: job, slippageBps: request.slippageBps, isReplay: false, placed: new)
            case .replay(let id, let job):
                let isReplay = id != new[0].order.id
                return Accepted(id: id, job: job, slippageBps: request.slippageBps, isReplay: isReplay, placed: isReplay ? nil : new)
            case .conflict: throw .idempotencyConflict
            case .late: throw .cannotTakeOrders
            case .paused(let reason): throw .paused(reason)
            case .limited(let limit): throw .limitExceeded(limit)
            case .collision: collisions += 1
            case .moved:
                guard start.elapsed < Self.limit else { throw .cannotTakeOrders }
                await learnOfGrowth()
            }
        }
        throw .cannotTakeOrders
    }

    /// The orders of requests. All of them, and those that follow them, are of one partition: one script moves an order and the others with it.
    private func orders(_ requests: [OrderRequest], in partition: Int, at now: UInt64, owner: Owner?, traceparent: String?) -> [Order] {
        func newID() -> OrderID { OrderID(milliseconds: now, partition: UInt8(partition), random: &random) }
        let ids = requests.map { _ in newID() }
        let fingerprint = OrderRequest.fingerprint(of: requests)
        return requests.indices.map { index in
            requests[index].order(
                id: ids[index], now: now, maxAttempts: settings.maxAttempts, owner: owner, traceparent: traceparent,
                oco: ids.count == 2 ? ids[1 - index] : nil, fingerprint: fingerprint, newID: newID)
        }
    }

    /// Reads how many partitions there are. While the engine grows, the new count may be agreed on a few milliseconds later.
    private func learnOfGrowth() async {
        try? await sleep(for: .milliseconds(Int.random(in: 2...20)))
        do throws(PipelineError) { try await process.pipeline.refreshPartitions() } catch {
            process.log.limited(.warning, "order.not_accepted", every: .seconds(1), ["reason": .string(error.message)])
        }
    }

    /// Writes the order. After a lost reply it writes again with the same id, which changes nothing if the order was written.
    private func submit(
        _ new: [NewOrder], _ claim: RequestClaim?, _ counts: AccountLimits?, before limit: UInt64
    ) async throws(Problem) -> AcceptOutcome {
        let start = MonotonicInstant.now
        var isUnknown = false
        var backoff = Backoff(first: .milliseconds(20), max: .milliseconds(200))
        while true {
            do {
                let left = max(.milliseconds(50), Self.limit - start.elapsed)
                return try await process.pipeline.accept(
                    new, claim: claim, limits: counts, idempotencyTTL: UInt64(settings.idempotencyTTL.millisecondsRoundedUp), before: limit,
                    timeout: left)
            } catch {
                isUnknown = isUnknown || error.outcomeUnknown
                // A full Redis refuses the script before the script could tell that an earlier try got through.
                if error.code == .full, !isUnknown { throw .memoryFull }
                guard error.isPassing, start.elapsed < Self.limit, isUnknown else {
                    process.log.limited(.warning, "order.not_accepted", every: .seconds(1), ["reason": .string(error.message)])
                    let isSaid = error.words != nil || error.code == .overloaded
                    if !isUnknown, isSaid, let problem = error.answer("The engine cannot take orders") as? Problem { throw problem }
                    throw isUnknown ? .orderOutcomeUnknown(new[0].order.id) : .cannotTakeOrders
                }
            }
            try? await sleep(for: backoff.next())
        }
    }

    private var notReady: Problem {
        guard let trouble = process.redisTrouble, !process.isRedisAway else { return .cannotTakeOrders }
        let reason = PipelineError(process.redis.unavailable)
        if !process.redis.hasConnection, reason.code == .refused, let problem = reason.answer("The engine cannot take orders") as? Problem {
            return problem
        }
        return .cannotTakeOrdersYet(trouble)
    }
}

extension RequestClaim {
    /// The claim of a caller: its key is one only among the caller's own.
    fileprivate func made(by principal: Principal) -> RequestClaim {
        var claim = self
        claim.owner = principal.owner
        claim.userId = userId ?? principal.user
        return claim
    }
}
