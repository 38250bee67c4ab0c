import Configuration
import EventLoop
import ServiceKit
import TestSupport

@testable import GatewayService

/// The settings of a gateway without a default that fits: the files of this package.
private let files = ["TOKENS_FILE": packageRoot + "/config/tokens.json", "POOLS_FILE": packageRoot + "/config/pools.json"]

/// A gateway in a process that does not connect: nothing listens on the port of its Redis, unless `redis` names a server.
@ServiceActor
func unconnectedGateway(redis: String = "redis://127.0.0.1:1") async throws -> TestProcess<GatewaySettings> {
    let settings = try load(GatewaySettings.self, redis: redis, files)
    let process = ServiceProcess.unconnected(settings)
    _ = try await Gateway(settings: settings, process: process)
    return TestProcess(process: process, settings: settings)
}

/// Runs `body` with a gateway behind a real server, on a real Redis. There is no Postgres unless `DATABASE_URL` names one.
@ServiceActor
func withGateway(
    _ environment: [String: String] = [:], _ body: @ServiceActor (TestProcess<GatewaySettings>, HTTPExchange) async throws -> Void
) async throws {
    try await withProcess(GatewaySettings.self, files.merging(environment) { $1 }) { test in
        let gateway = try await Gateway(settings: test.settings, process: test.process)
        let running = Loop.spawn { await gateway.runChildren() }
        defer { running.cancel() }
        try await withServer(test.process) { try await body(test, $0) }
        running.cancel()
        await running.value
    }
}
