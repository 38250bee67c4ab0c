/// What processes of versions from before it do not know. Each process says in its heartbeat what it knows.
public enum Capability: String, CaseIterable, Sendable {
    /// Orders with a price, orders of a pair and orders that follow another.
    case terms

    static let field = "knows"
    /// What this version knows.
    static let own = allCases.map(\.rawValue).joined(separator: " ")
}

extension OrderPipeline {
    /// The name of a process that is alive and does not know something; nil for none.
    public func stranger(to capability: Capability) async throws(PipelineError) -> String? {
        try await instances().first { instance in
            !(instance.fields[Capability.field] ?? "").split(separator: " ").contains { $0 == capability.rawValue }
        }?.name
    }
}
