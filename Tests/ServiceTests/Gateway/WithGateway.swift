import Configuration
import EventLoop
import ServiceKit
import TestSupport

@testable import GatewayService

/// Lends a gateway behind a real server, on a real Redis; without Postgres unless `DATABASE_URL` names one.
@ServiceActor
func withGateway(
    _ environment: [String: String] = [:], _ body: @ServiceActor (TestProcess<GatewaySettings>, HTTPExchange) async throws -> Void
) async throws {
    let files = ["TOKENS_FILE": packageRoot + "/config/tokens.json", "POOLS_FILE": packageRoot + "/config/pools.json"]
    try await withProcess(GatewaySettings.self, files.merging(environment) { $1 }) { test in
        let gateway = try await Gateway(settings: test.settings, process: test.process)
        let running = Loop.spawn { await gateway.run() }
        defer { running.cancel() }
        try await withServer(test.process) { try await body(test, $0) }
        running.cancel()
        await running.value
    }
}
