internal import EventLoop
internal import HTTP
internal import Observability
internal import Orders
internal import Pipeline
internal import ServiceKit

/// Refuses orders that a process of an earlier version would take for market orders, while such a process is alive.
@ServiceActor
final class UpgradeCheck {
    /// So long nobody looks again. An upgrade has its new gateways last, and it does not go back within seconds.
    private static let memory = Duration.seconds(5)

    private let process: ServiceProcess
    private var passed: MonotonicInstant?

    init(_ process: ServiceProcess) { self.process = process }

    /// Throws if the requests have what an earlier version does not know, and a process of one is alive.
    func check(_ requests: [OrderRequest]) async throws(Problem) {
        guard requests.count > 1 || requests.contains(where: { $0.orderType != .market || !$0.then.isEmpty }) else { return }
        if let passed, passed.elapsed < Self.memory { return }
        let found: String?
        do throws(PipelineError) { found = try await process.pipeline.stranger(to: .terms) } catch { throw .cannotTakeOrders }
        guard let found else {
            passed = .now
            return
        }
        process.log.limited(.warning, "order.not_accepted", every: .seconds(30), ["reason": .string("\(found) is of an earlier version")])
        throw .upgrading
    }
}
