internal import EventLoop
internal import Orders
internal import Redis

/// An error: this Redis holds orders of a version that keeps them in another form.
public struct LayoutMismatch: Error, Sendable, CustomStringConvertible {
    /// Why this version cannot take over now.
    public let obstacle: String

    public var description: String {
        "This version keeps orders in another form than the version before it, and \(obstacle): go on with the other version, pause the engine "
            + "(orderctl pause), wait until nothing is under way (orderctl lag), stop every process, and start all with this version"
    }
}

/// The form in which orders are kept in Redis. Two versions with two forms must not work on the same orders.
///
/// A process takes over from the form before this one if no process of such a version is alive, and if nothing of its orders is left to do. Their
/// idempotency records stay as they are, and Postgres has the orders themselves.
@ServiceActor
struct LayoutAgreement {
    /// The number of the form that this version uses. Every heartbeat names it.
    nonisolated static let current = "2"
    /// The orders of the version before this form.
    private static let earlier = "orders:{[0-9]*}:order:*"
    /// A process that has just ended still has a heartbeat for that long.
    private static let patience = Duration.milliseconds(Int(Heartbeat.timeToLive) + 1000)

    let pipeline: OrderPipeline

    /// Throws `LayoutMismatch` if this process must not work on this Redis. Then nothing has changed.
    func run() async throws {
        let agreed = try await pipeline.send(["GET", Keys.agreement("layout")]).string
        if agreed == nil, let obstacle = try await obstacle() { throw LayoutMismatch(obstacle: obstacle) }
        guard try await pipeline.agree(on: "layout", Self.current) == Self.current else {
            throw LayoutMismatch(obstacle: "that version is in use here")
        }
    }

    private func obstacle() async throws -> String? {
        if let stranger = try await stranger() { return "\(stranger) is still running with the other version" }
        if let unfinished = try await pipeline.unfinished() { return unfinished }
        var open: String?
        _ = try await pipeline.scan(Self.earlier) { key in
            let state = try await pipeline.send(["HGET", key, "state"]).string.flatMap { OrderState(rawValue: $0) }
            if let state, !state.isFinal { open = String(key.suffix(36)) }
            return open == nil
        }
        return open.map { "order \($0) is under way" }
    }

    /// Names a process that says nothing of this form. Waits for the end of the heartbeat of a process that has just ended.
    private func stranger() async throws -> String? {
        let start = MonotonicInstant.now
        while true {
            let found = try await pipeline.instances().first { $0.fields["layout"] != Self.current }
            guard found != nil, start.elapsed < Self.patience else { return found?.name }
            try await sleep(for: .milliseconds(300))
        }
    }
}

extension OrderPipeline {
    /// Makes sure that all processes keep orders in one form. The caller must have sent a heartbeat with `layout` before.
    ///
    /// - Throws: `LayoutMismatch` if orders of another form are not finished.
    public func agreeOnLayout() async throws { try await LayoutAgreement(pipeline: self).run() }

    /// The field of a heartbeat that names the form of orders.
    public nonisolated static var layoutField: [String: String] { ["layout": LayoutAgreement.current] }
}
