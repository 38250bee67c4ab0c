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
        // A process of the version before says nothing of its form.
        if let stranger = try await pipeline.stranger(to: "layout", Self.current) { return "\(stranger) is still running with the other version" }
        if let unfinished = try await pipeline.unfinished() { return unfinished }
        return try await pipeline.openOrder(Keys.everyEarlierOrder) { key in
            try await pipeline.send(["HGET", key, "state"]).string.flatMap { OrderState(rawValue: $0) }
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
