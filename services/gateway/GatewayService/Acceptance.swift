internal import Configuration
internal import EventLoop
internal import HTTP
internal import JSON
internal import Observability
internal import Orders
internal import Pipeline
internal import ServiceKit

/// An order that is in.
struct Accepted {
    let id: OrderID
    let job: String
    let slippageBps: Int
    let isReplay: Bool
    let usesSnakeCase: Bool
}

/// Takes orders in: reads the request, and writes the order once, whatever happens to the answers of Redis.
@ServiceActor
final class Acceptance {
    /// A client is told within a second whether its order is in; this leaves room for the way.
    private static let limit = Duration.milliseconds(800)
    private static let tries = 3

    private let settings: GatewaySettings
    private let process: ServiceProcess
    private let tokens: TokenList
    private let door: Door
    private let outcomes: MetricFamily<Counter>

    init(settings: GatewaySettings, process: ServiceProcess, tokens: TokenList, door: Door) {
        self.settings = settings
        self.process = process
        self.tokens = tokens
        self.door = door
        outcomes = process.metrics.counters("orders_received_total", help: "Orders at the door by what became of them.", by: ["outcome"])
    }

    /// Reads and accepts an order. Throws the `Problem` that the client gets; then nothing is left behind, unless it names an `orderId`.
    func accept(_ request: HTTPRequest) async throws(Problem) -> Accepted {
        do throws(Problem) {
            let parsed = try read(request)
            try door.check()
            let accepted = try await write(parsed, traceparent: request.header("traceparent").flatMap { TraceContext(traceparent: $0)?.traceparent })
            outcomes.labelled(accepted.isReplay ? "replayed" : "accepted").increment()
            return accepted
        } catch {
            // An operator's pause is no outage: alerts on "unavailable" stay quiet.
            outcomes.labelled(error.code == Door.pausedCode ? "paused" : error.status == 503 ? "unavailable" : "refused").increment()
            throw error
        }
    }

    private func read(_ request: HTTPRequest) throws(Problem) -> OrderRequest {
        let type = request.header("Content-Type")?.prefix { $0 != ";" }.lowercased().filter { $0 != " " && $0 != "\t" }
        guard type == "application/json" else {
            throw Problem(415, code: "UNSUPPORTED_MEDIA_TYPE", "Send the order as JSON, with the header Content-Type: application/json")
        }
        guard let now = process.heartbeat.clock.now else { throw unavailable(nil) }
        let parsed = OrderRequest.parse(body: request.body, idempotencyKey: request.header("Idempotency-Key"), tokens: tokens, now: now)
        switch parsed {
        case .success(let order): return order
        case .failure(let refusal):
            throw Problem(
                400, code: refusal.code.rawValue, refusal.error,
                errors: refusal.errors.map { Problem.FieldError(field: $0.field, message: $0.message) })
        }
    }

    private func write(_ request: OrderRequest, traceparent: String?) async throws(Problem) -> Accepted {
        for _ in 0..<Self.tries {
            guard let now = process.heartbeat.clock.now else { throw unavailable(nil) }
            let partition = process.pipeline.partition(userId: request.userId, idempotencyKey: request.idempotencyKey)
            var random = SystemRandomNumberGenerator()
            let id = OrderID(milliseconds: now, partition: UInt8(partition), random: &random)
            let order = request.order(id: id, now: now, maxAttempts: settings.maxAttempts, traceparent: traceparent)
            switch try await submit(order, before: now + UInt64(Self.limit.millisecondsRoundedUp)) {
            case .accepted(let id, let job):
                process.log.order(.info, "order.accepted", order)
                return accepted(id, job, request, isReplay: false)
            case .replay(let id, let job): return accepted(id, job, request, isReplay: id != order.id)
            case .conflict:
                throw Problem(
                    422, code: "IDEMPOTENCY_CONFLICT", "This Idempotency-Key was used for another order; use a new key for a new order")
            case .late: throw unavailable(nil)
            case .paused(let reason): throw Door.paused(reason: reason)
            case .collision: continue
            }
        }
        throw unavailable(nil)
    }

    /// Writes the order; after a lost answer again with the same id, which changes nothing where it was written.
    private func submit(_ order: Order, before limit: UInt64) async throws(Problem) -> AcceptOutcome {
        let start = MonotonicInstant.now
        var isUnknown = false
        var backoff = Backoff(first: .milliseconds(20), most: .milliseconds(200))
        while true {
            do {
                let left = max(.milliseconds(50), Self.limit - start.elapsed)
                return try await process.pipeline.accept(
                    order, idempotencyTTL: UInt64(settings.idempotencyTTL.millisecondsRoundedUp), before: limit, timeout: left)
            } catch {
                isUnknown = isUnknown || error.outcomeUnknown
                // A full Redis refuses the script before it could tell that an earlier try got through.
                if error.code == .full, !isUnknown {
                    throw Problem(
                        503, code: "OVERLOADED", "The engine's memory is full; try again in a few seconds", headers: [("Retry-After", "5")])
                }
                guard error.code == .unavailable, start.elapsed < Self.limit, isUnknown else {
                    process.log.limited(.warning, "order.not_accepted", every: .seconds(1), ["reason": .string(error.message)])
                    throw unavailable(isUnknown ? order.id : nil)
                }
            }
            try? await sleep(for: backoff.next())
        }
    }

    private func accepted(_ id: OrderID, _ job: String, _ request: OrderRequest, isReplay: Bool) -> Accepted {
        Accepted(id: id, job: job, slippageBps: request.slippageBps, isReplay: isReplay, usesSnakeCase: request.usesSnakeCase)
    }

    /// With an id where the order may be in after all: a GET can tell.
    private func unavailable(_ id: OrderID?) -> Problem {
        let sentence =
            id == nil
            ? "The engine cannot take orders at the moment; try again in a few seconds"
            : "The engine could not say whether it took the order; look it up by orderId, or send it again with the same Idempotency-Key"
        return Problem(
            503, code: "UNAVAILABLE", sentence, members: id.map { id in JSONWriter.members { $0.field("orderId", id) } } ?? "",
            headers: [("Retry-After", "2")])
    }
}
