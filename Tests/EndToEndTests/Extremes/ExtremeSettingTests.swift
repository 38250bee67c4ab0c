import Configuration
import EventLoop
import TestSupport
import Testing

/// Tests the bounds of every setting that is a number, in use: what is allowed has to work.
@Suite("Extreme settings", .onLoop) @ServiceActor
struct ExtremeSettingTests {
    /// Settings whose bounds a test cannot wait for, or that it has to choose by itself, or that need other servers.
    private nonisolated static let left: Set<String> = ["PORT", "ADMIN_PORT", "PARTITIONS", "SHUTDOWN_GRACE_S", "REDIS_REPLICAS"]

    private nonisolated static let descriptions =
        GatewaySettings.descriptions + RouterSettings.descriptions + ExecutorSettings.descriptions + NotifierSettings.descriptions

    /// Every setting with a range, set to its lower or upper bound.
    private nonisolated static func bounds(_ upper: Bool) -> [String: String] {
        var result: [String: String] = [:]
        for setting in descriptions where !left.contains(setting.name) {
            guard let match = setting.allowed.firstMatch(of: /([0-9][0-9.]*(?:[KM]iB)?) to ([0-9][0-9.]*(?:[KM]iB)?)/) else { continue }
            result[setting.name] = String(upper ? match.2 : match.1)
        }
        return result
    }

    /// At their lower bounds these settings refuse orders, or let them expire before a test has seen them.
    private nonisolated static let workable = [
        "MAX_BACKLOG": "100", "MAX_WAIT_MS": "0", "ORDERS_PER_MINUTE": "0", "ORDER_STATE_TTL_S": "60", "CALLER_REQUESTS_PER_S": "0",
        "CALLER_ORDERS_PER_S": "0", "CALLER_QUOTES_PER_S": "0", "USER_OPEN_ORDERS": "0", "USER_ORDERS_PER_MIN": "0",
    ]

    @Test(.engine(settings: bounds(false).merging(workable) { $1 }))
    func `With every setting at its lower bound orders come to an end`() async throws {
        #expect(Self.bounds(false).count > 30)
        try await check()
    }

    @Test(.engine(settings: bounds(true).filter { !$0.key.hasSuffix("_RATE") && !$0.key.hasSuffix("LATENCY_MS") }))
    func `With every setting at its upper bound orders come to an end, but for those that make each wait or fail`() async throws { try await check() }

    private func check() async throws {
        let engine = Engine.current
        let pids = StackService.allCases.map { engine.stack.livingPID($0) }
        let ids = try await engine.place(count: 5, #"{"tokenIn":"SOL","tokenOut":"USDC","amount":"1.5","slippage":0.5}"#)
        try await engine.waitForEnd(ids)
        for service in StackService.allCases { #expect(try await engine.send("GET", "/health/live", to: service).status == 200) }
        #expect(pids == StackService.allCases.map { engine.stack.livingPID($0) } && !pids.contains(nil))
    }
}
