import Configuration
import EventLoop
import TestSupport
import Testing

@testable import Pipeline
@testable import ServiceKit

/// Tests what a process does beside others that have API keys, or have none.
@Suite(.onLoop) @ServiceActor
struct AccessModeTests {
    /// Runs `body` with a process beside another one, whose heartbeat has these fields.
    private func beside(
        _ fields: [String: String], keys: String?, _ body: @ServiceActor (ServiceProcess) async throws -> Void
    ) async throws {
        try await withProcess(RouterSettings.self, keys.map { ["API_KEYS_FILE": $0] } ?? [:]) { test in
            let other = Heartbeat(redis: test.redis, service: "gateway", name: "gateway-other") { fields }
            await other.beat()
            try await alongside({ await other.run() }) { try await body(test.process) }
        }
    }

    private func modes(_ process: ServiceProcess) async throws -> [String: AccessMode] {
        let instances = try await process.pipeline.instances()
        return Dictionary(uniqueKeysWithValues: instances.map { ($0.name, AccessMode(of: $0)) })
    }

    @Test func `without keys no process starts beside one with keys`() async throws {
        try await beside([AccessMode.field: "keyed"], keys: nil) { process in
            let modes = try await modes(process)
            #expect(modes == ["gateway-other": .keyed, process.name: .open])
            let error = await #expect(throws: AccessMismatch.self) { try await process.agreeOnAccess() }
            #expect(error?.keyed == "gateway-other")
        }
    }

    @Test(arguments: [["access": "open"], ["access": "keyed"], [:]])
    func `with keys a process starts beside any other`(_ fields: [String: String]) async throws {
        try await withKeys { keys in
            try await beside(fields, keys: keys.path) { process in
                try await process.agreeOnAccess()
                #expect(try await modes(process)[process.name] == .keyed)
            }
        }
    }

    @Test func `without keys a process starts beside others without`() async throws {
        try await beside([:], keys: nil) { try await $0.agreeOnAccess() }
    }
}
