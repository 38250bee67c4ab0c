import EventLoop
import TestSupport
import Testing

/// Tests each service alone, as an operator meets it first.
@Suite("Processes", .onLoop) @ServiceActor
struct ProcessTests {
    private nonisolated static let common = [
        "REDIS_URL", "PORT", "BIND", "PARTITIONS", "LOG_LEVEL", "LOG_FORMAT", "SHUTDOWN_GRACE_S", "API_KEYS_FILE", "ALLOWED_HOSTS",
        "ALLOWED_ORIGINS", "CALLER_REQUESTS_PER_S", "CALLER_ORDERS_PER_S", "CALLER_QUOTES_PER_S",
    ]
    private nonisolated static let worker = ["VISIBILITY_TIMEOUT_MS", "RENEW_MS", "ORDER_STATE_TTL_S"]
    private nonisolated static let market = ["MOCK_SEED", "MOCK_VOLATILITY_BPS", "MOCK_REVERSION_MS", "MOCK_SLOT_MS", "MOCK_VALID_SLOTS"]
    private nonisolated static let settings: [(StackService, [String])] = [
        (
            .gateway,
            common + market + [
                "DATABASE_URL", "VENUES", "MARK_MAX_AGE_MS", "SOCKET_TOKEN_TTL_S", "PUBLIC_URL", "MAX_BACKLOG", "MAX_EVENT_BACKLOG",
                "MAX_WAIT_MS", "MAX_EXPECTED_WAIT_MS", "MAX_ATTEMPTS", "IDEMPOTENCY_TTL_S", "TOKENS_FILE", "POOLS_FILE", "CONTRACTS_DIR",
            ]
        ),
        (
            .router,
            common + worker + market + [
                "ROUTER_CONCURRENCY", "QUOTE_TIMEOUT_MS", "VENUES", "ROUTING", "TICK_MS", "MARK_MAX_AGE_MS", "TOKENS_FILE",
                "POOLS_FILE", "MOCK_QUOTE_LATENCY_MS", "MAX_STARTS", "RETRY_BASE_MS", "RETRY_JITTER",
            ]
        ),
        (
            .executor,
            common + worker + market + [
                "EXECUTOR_CONCURRENCY", "MAX_UNDER_WAY", "ORDERS_PER_MINUTE", "QUOTE_TTL_MS", "MOCK_SWAP_LATENCY_MS", "MOCK_FAILURE_RATE",
                "MOCK_DROP_RATE", "MOCK_LATE_RATE", "MAX_STARTS", "RETRY_BASE_MS", "RETRY_JITTER", "CHAIN_RETENTION_DAYS",
            ]
        ),
        (
            .notifier,
            common + worker + [
                "DATABASE_URL", "PERSIST_BATCH", "PERSIST_WAIT_MS", "EVENTS_RETENTION_DAYS", "WS_PING_S", "WS_IDLE_S", "WS_QUEUE", "WS_MAX_MESSAGE",
            ]
        ),
    ]

    @Test(arguments: settings)
    func `--help says what a service is for and lists its settings`(service: StackService, names: [String]) async throws {
        let (code, output) = try await Stack.run(service, ["--help"])
        #expect(code == 0 && output.hasPrefix("\(service.rawValue): "))
        let listed = Set(output.split(separator: "\n").compactMap { $0.split(separator: " ").first.map(String.init) })
        #expect(Set(names).subtracting(listed).isEmpty)
    }

    @Test(arguments: StackService.allCases)
    func `An argument that a service does not know ends it with 64`(service: StackService) async throws {
        let (code, output) = try await Stack.run(service, ["--prot=80"])
        #expect(code == 64)
        #expect(output == "Unknown argument \"--prot=80\": only --help and --version are known, settings come from the environment.\n")
    }

    @Test(
        arguments: [
            (StackService.gateway, ["DATABASE_URL": "", "MAX_ATTEMPTS": "0"], ["DATABASE_URL", "MAX_ATTEMPTS"]),
            (.router, ["VENUES": "real", "MOCK_QUOTE_LATENCY_MS": "9-1"], ["VENUES", "MOCK_QUOTE_LATENCY_MS"]),
            (.executor, ["MOCK_FAILURE_RATE": "1.5", "RENEW_MS": "4000"], ["MOCK_FAILURE_RATE", "RENEW_MS"]),
            (.notifier, ["DATABASE_URL": "mysql://x", "WS_IDLE_S": "5"], ["DATABASE_URL", "WS_IDLE_S"]),
        ])
    func `Bad settings end a service with 78 and one message that names them all`(service: StackService, wrong: [String: String], names: [String])
        async throws
    {
        let shared = ["REDIS_URL": "http://localhost", "PORT": "70000", "LOG_FORMAT": "xml", "SHUTDOWN_GRACE_S": "soon"]
        let (code, output) = try await Stack.run(service, environment: shared.merging(wrong) { $1 })
        #expect(code == 78)
        let lines = output.split(separator: "\n")
        #expect(lines.first == "\(shared.count + wrong.count) settings are wrong:")
        #expect(lines.last == "Run \(service.rawValue) --help for the list of settings.")
        for name in shared.keys + names { #expect(lines.count { $0.contains("\(name)") && $0.hasPrefix("  ") } >= 1, "\(name)") }
        #expect(lines.count == shared.count + wrong.count + 2)
    }

    @Test(
        arguments: [StackService.gateway, .notifier],
        [
            ("postgres://a:hunter2@127.0.0.1:xx/x", "postgres://user:password@host:port/database"),
            ("postgres://a:hunter2@127.0.0.1:99999/x", "postgres://user:password@host:port/database"),
            ("postgres://a:hunter2@127.0.0.1/x?no_such=1", "\"no_such\" is no parameter of libpq"),
        ])
    func `A URL that libpq cannot read ends a service with 78, and its password is not repeated`(
        service: StackService, wrong: (url: String, advice: String)
    ) async throws {
        let (url, advice) = wrong
        let files = ["TOKENS_FILE": packageRoot + "/config/tokens.json", "POOLS_FILE": packageRoot + "/config/pools.json"]
        let (code, output) = try await Stack.run(service, environment: files.merging(["DATABASE_URL": url]) { $1 })
        #expect(code == 78)
        #expect(output.hasPrefix("\(service.rawValue): DATABASE_URL: ") && output.contains(advice))
        #expect(!output.contains("hunter2"))
    }

    @Test(arguments: [(StackService.gateway, "TOKENS_FILE"), (.gateway, "POOLS_FILE"), (.router, "TOKENS_FILE"), (.router, "POOLS_FILE")])
    func `A file that cannot be read ends a service with 78 and its name`(service: StackService, setting: String) async throws {
        var environment = ["DATABASE_URL": "postgres://localhost/x", "TOKENS_FILE": "/dev/null", "POOLS_FILE": "/dev/null"]
        environment[setting] = "/nowhere/\(setting)"
        let (code, output) = try await Stack.run(service, environment: environment)
        #expect(code == 78 && output.contains("\(setting)") && output.contains("/nowhere/\(setting)"), "\(output)")
        #expect(output.split(separator: "\n").count == 1)
    }

    @Test(arguments: [StackService.executor])
    func `A port that is taken ends a service with 1 and its number`(service: StackService) async throws {
        let taken = try SilentPort()
        defer { withExtendedLifetime(taken) {} }
        let (code, output) = try await Stack.run(service, environment: ["PORT": String(taken.port), "BIND": "127.0.0.1"])
        #expect(code == 1 && output.contains(String(taken.port)), "\(output)")
    }

    @Test(arguments: [StackService.router, .executor])
    func `Without Redis a service lives, is not ready, and stops when told to`(service: StackService) async throws {
        let stack = try await Stack.start(StackOptions(replicas: [.gateway: 0, .router: 1, .executor: 1, .notifier: 0], redisLayout: .single))
        let port = stack.port(service)
        try await stack.redis.kill()
        try await eventually { try await health(port, "/health/ready") == 503 }
        #expect(try await health(port, "/health/live") == 200)
        let (code, duration) = try await stack.terminate(service)
        #expect(code == 0 && duration < .seconds(8), "\(stack.log(service))")
        await stack.stop()
    }

    private func health(_ port: UInt16, _ path: String) async throws -> Int {
        let connection = try RawConnection(port: port)
        defer { connection.close() }
        try await connection.send("GET \(path) HTTP/1.1\r\nHost: x\r\n\r\n")
        return try await connection.response().head.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    }
}
