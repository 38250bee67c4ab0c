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

/// What all processes on one Redis agree on: how many partitions there are, and in which form orders are kept in them.
///
/// Its text is `4/2`: four partitions, form 2. While the count is being changed it is `4>8/2`. Versions that know only of the first form write `4`.
/// To them every other text is another count, so they do not start.
struct PipelineAgreement: Equatable, CustomStringConvertible {
    /// The number of the form that this version uses.
    static let currentLayout = "2"
    private static let firstLayout = "1"

    /// The count of partitions; two counts while it is being changed.
    let counts: [Int]
    let layout: String

    /// What this version agrees to.
    init(partitions: Int...) {
        counts = partitions
        layout = Self.currentLayout
    }

    /// Reads a text. What is no count counts as one partition.
    init(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1)
        counts = (parts.first ?? "").split(separator: ">").map { min(max(Int($0) ?? 1, 1), 256) }
        layout = parts.count > 1 ? String(parts[1]) : Self.firstLayout
    }

    var description: String { counts.map(String.init).joined(separator: ">") + "/" + layout }

    /// Whether orders are in the form of this version.
    var isCurrent: Bool { layout == Self.currentLayout }
    /// Whether orders are in the form of the version before.
    var isEarlier: Bool { layout == Self.firstLayout }
    /// All partitions that may hold something: those of the higher count.
    var most: Int { counts.max() ?? 1 }
    /// Those that every count has.
    var least: Int { counts.min() ?? 1 }
}

extension OrderPipeline {
    /// The field of a heartbeat that names what its process agrees to.
    public var agreementField: [String: String] { ["partitions": PipelineAgreement(partitions: settings.partitions).description] }

    /// Why this version cannot take over the orders of the version before; nil if it can. `agreed` is what that version has agreed on.
    ///
    /// Nothing of its orders may be left to do. Their idempotency records stay as they are, and Postgres has the orders themselves.
    func obstacleToLayout(_ agreed: PipelineAgreement) async throws -> String? {
        guard agreed.isEarlier else { return "a later version is in use here" }
        if let stranger = try await stranger() { return "\(stranger) is still running with the other version" }
        var settings = settings
        settings.partitions = max(agreed.most, settings.partitions)
        if let unfinished = try await OrderPipeline(redis: redis, settings: settings).unfinished() { return unfinished }
        return try await openOrder(Keys.everyEarlierOrder) { key in
            try await send(["HGET", key, "state"]).string.flatMap { OrderState(rawValue: $0) }
        }
    }

    /// The name of a process that agrees to something else; nil for none.
    func stranger() async throws -> String? {
        let own = agreementField
        return try await lasting { process in own.contains { process.fields[$0.key] != $0.value } }
    }
}
