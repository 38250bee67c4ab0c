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

extension OrderPipeline {
    /// The fields of a heartbeat that name the partitions which its process reads, with their form, and the count that it was started with.
    public var agreementFields: [String: String] { ["partitions": reading, "startedWith": String(settings.partitions)] }

    /// What this process says of the partitions that it reads. All processes say the same, but while the engine grows.
    var reading: String { PipelineAgreement(partitions: partitions.count).description }

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

    /// The name of a process that reads other partitions, or in another form; nil for none.
    func stranger() async throws -> String? {
        let own = reading
        return try await lasting { $0.fields["partitions"] != own }
    }
}
