import Testing

@testable import Configuration

@Suite struct ServiceSettingsTests {
    private let database = ["DATABASE_URL": "postgres://engine:secret@db/orders"]

    @Test func `the gateway's defaults are those of the design`() throws {
        let settings = try GatewaySettings.load(environment: database)
        #expect(settings.common.redis == RedisURL("redis://127.0.0.1:6379"))
        #expect(settings.common.bind == "0.0.0.0")
        #expect(settings.common.partitions == 1)
        #expect(settings.common.logLevel == .info)
        #expect(settings.common.logFormat == .json)
        #expect(settings.common.shutdownGrace == .seconds(15))
        #expect(settings.database.text == database["DATABASE_URL"])
        #expect(settings.maxBacklog == 100_000 && settings.maxEventBacklog == 500_000)
        #expect(settings.maxWait == nil && settings.maxExpectedWait == .milliseconds(100))
        #expect(settings.maxAttempts == 3)
        #expect(settings.idempotencyTTL == .seconds(86_400))
        #expect(settings.files.tokens == "config/tokens.json")
        #expect(settings.files.pools == "config/pools.json")
        #expect(settings.contracts == "docs")
        #expect(settings.venues == .mock && settings.markMaxAge == .seconds(5))
    }

    @Test func `the router's defaults are those of the design`() throws {
        let settings = try RouterSettings.load(environment: [:])
        #expect(settings.concurrency == 256)
        #expect(settings.worker.visibilityTimeout == .seconds(5))
        #expect(settings.worker.renewInterval == .milliseconds(1500))
        #expect(settings.worker.orderStateTTL == .seconds(600))
        #expect(settings.retry.base == .seconds(1))
        #expect(settings.retry.jitter == Rate(partsPerMillion: 200_000))
        #expect(settings.retry.maxStarts == 5)
        #expect(settings.quoteTimeout == .seconds(1))
        #expect(settings.splitMinGainBps == 5)
        #expect(settings.live.jupiterURL == "https://api.jup.ag")
        #expect(settings.live.jupiterKey == nil && settings.live.certificates == nil)
        #expect(settings.previewsPerMinute == 20)
        #expect(settings.mockQuoteLatencyMilliseconds == 200...200)
        #expect(settings.market.seed == nil)
        #expect(settings.market.volatilityBps == 10)
        #expect(settings.market.reversion == .seconds(5))
        #expect(settings.ticks.interval == .milliseconds(100) && settings.ticks.maxAge == .seconds(5))
        let live = try RouterSettings.load(environment: ["VENUES": "live"])
        #expect(live.ticks.interval == .seconds(1))
    }

    @Test func `the executor's defaults are those of the design`() throws {
        let settings = try ExecutorSettings.load(environment: [:])
        #expect(settings.concurrency == 64)
        #expect(settings.maxUnderWay == 8_000)
        #expect(settings.ordersPerMinute == nil)
        #expect(settings.quoteTTL == .seconds(30))
        #expect(settings.chain.kind == .mock)
        #expect(settings.chain.mock.swapLatencyMilliseconds == 2000...3000)
        #expect(settings.chain.mock.failureRate == Rate(partsPerMillion: 50_000))
        #expect(settings.chain.mock.dropRate == Rate(partsPerMillion: 0))
        #expect(settings.chain.mock.lateRate == Rate(partsPerMillion: 0))
        #expect(settings.chain.mock.retention == .seconds(7 * 86_400))
        #expect(settings.chain.market.slot == .milliseconds(400))
        #expect(settings.chain.market.validSlots == 150)
    }

    @Test func `the notifier's defaults are those of the design`() throws {
        let settings = try NotifierSettings.load(environment: database)
        #expect(settings.persistBatch == 1000)
        #expect(settings.persistWait == .milliseconds(20))
        #expect(settings.eventsRetention == nil)
        #expect(settings.sockets.pingInterval == .seconds(20))
        #expect(settings.sockets.idleTimeout == .seconds(60))
        #expect(settings.sockets.queueMessages == 64)
        #expect(settings.sockets.queueBytes == 262_144)
        #expect(settings.sockets.maxMessageBytes == 4_096)
        #expect(settings.sockets.queueTotalBytes == 268_435_456)
        #expect(settings.sockets.framesPerSecond == 50)
        #expect(settings.sockets.perCaller == 100)
    }

    @Test func `what one client may cost is limited by default, and 0 takes most limits away`() throws {
        let limits = try RouterSettings.load(environment: [:]).common.limits
        #expect(limits.adminPort == nil && limits.maxHeaders == 64 && limits.maxHeaderBytes == 8_192 && limits.maxBodyBytes == 16_384)
        #expect(limits.headerTimeout == .seconds(10) && limits.bodyTimeout == .seconds(10) && limits.minDrainRate == 1_024)
        #expect(limits.connectionsPerAddress == 200 && limits.trustedProxies == .loopback)
        let none = try RouterSettings.load(environment: ["MIN_DRAIN_RATE": "0", "CONNECTIONS_PER_ADDRESS": "0", "TRUSTED_PROXIES": "none"])
        #expect(none.common.limits.minDrainRate == nil && none.common.limits.connectionsPerAddress == nil)
        #expect(none.common.limits.trustedProxies == .none)
    }

    @Test func `the port for probes is another port`() {
        let error = #expect(throws: ConfigurationError.self) { try RouterSettings.load(environment: ["ADMIN_PORT": "9000", "PORT": "9000"]) }
        #expect("\(error!)".contains("ADMIN_PORT must be another port than PORT"))
    }

    @Test func `what the environment says is what the service gets`() throws {
        let settings = try ExecutorSettings.load(environment: [
            "ORDERS_PER_MINUTE": "100", "QUOTE_TTL_MS": "0", "MOCK_SEED": "18446744073709551615", "MOCK_SWAP_LATENCY_MS": "5",
            "MOCK_FAILURE_RATE": "1", "EXECUTOR_CONCURRENCY": "10", "LOG_FORMAT": "text",
        ])
        #expect(settings.ordersPerMinute == 100)
        #expect(settings.quoteTTL == nil)
        #expect(settings.chain.market.seed == .max)
        #expect(settings.chain.mock.swapLatencyMilliseconds == 5...5)
        #expect(settings.chain.mock.failureRate.partsPerMillion == 1_000_000)
        #expect(settings.concurrency == 10)
        #expect(settings.common.logFormat == .text)
    }

    @Test(arguments: [["REDIS_TLS_CERT": "a.pem"], ["REDIS_TLS_KEY": "a.pem"]])
    func `a certificate and its key go together`(one: [String: String]) throws {
        let error = #expect(throws: ConfigurationError.self) { try RouterSettings.load(environment: one) }
        #expect(error?.description.contains("go together") == true)
        let both = ["REDIS_TLS_CERT": "a.pem", "REDIS_TLS_KEY": "b.pem", "REDIS_TLS_CA": "c.pem"]
        #expect(try RouterSettings.load(environment: both).common.redisTLS == RedisTLS(authority: "c.pem", certificate: "a.pem", key: "b.pem"))
    }

    @Test func `settings that hold secrets show none when printed`() throws {
        let environment = ["JUPITER_API_KEY": "hunter2", "REDIS_URL": "redis://:hunter2@redis", "DATABASE_URL": "postgres://u:hunter2@db/o"]
        let router = try RouterSettings.load(environment: environment)
        let gateway = try GatewaySettings.load(environment: environment)
        #expect(router.live.jupiterKey?.text == "hunter2")
        #expect(!"\(router) \(gateway) \(String(reflecting: router)) \(String(reflecting: gateway))".contains("hunter2"))
    }

    @Test func `every setting of the design is read by the services it is of`() {
        let limits = [
            "ADMIN_PORT", "MAX_HEADERS", "MAX_HEADER_BYTES", "MAX_BODY", "HEADER_TIMEOUT_S", "BODY_TIMEOUT_S", "MIN_DRAIN_RATE",
            "CONNECTIONS_PER_ADDRESS", "TRUSTED_PROXIES",
        ]
        let common =
            [
                "REDIS_URL", "REDIS_TLS_CA", "REDIS_TLS_CERT", "REDIS_TLS_KEY", "REDIS_REPLICAS", "REDIS_REPLICA_SYNC", "PORT", "BIND", "PARTITIONS",
                "LOG_LEVEL", "LOG_FORMAT",
                "SHUTDOWN_GRACE_S", "API_KEYS_FILE", "ALLOWED_HOSTS",
                "ALLOWED_ORIGINS", "CALLER_REQUESTS_PER_S", "CALLER_ORDERS_PER_S", "CALLER_QUOTES_PER_S",
            ] + limits
        let worker = ["VISIBILITY_TIMEOUT_MS", "RENEW_MS", "ORDER_STATE_TTL_S"]
        let stage = ["RETRY_BASE_MS", "RETRY_JITTER", "MAX_STARTS"]
        let market = ["MOCK_SEED", "MOCK_VOLATILITY_BPS", "MOCK_REVERSION_MS", "MOCK_SLOT_MS", "MOCK_VALID_SLOTS"]
        let files = ["TOKENS_FILE", "POOLS_FILE"]
        let waits = ["VENUES", "MARK_MAX_AGE_MS"]
        let gateway = [
            "DATABASE_URL", "DATABASE_READ_URL", "DATABASE_READ_LAG_MS", "PUBLIC_URL", "MAX_BACKLOG", "MAX_EVENT_BACKLOG", "MAX_WAIT_MS",
            "MAX_EXPECTED_WAIT_MS", "MAX_ATTEMPTS",
            "IDEMPOTENCY_TTL_S", "CONTRACTS_DIR", "SOCKET_TOKEN_TTL_S", "USER_OPEN_ORDERS", "USER_ORDERS_PER_MIN",
            "ORDER_NOTIONAL_MAX",
        ]
        let router = [
            "ROUTER_CONCURRENCY", "QUOTE_TIMEOUT_MS", "ROUTING", "TICK_MS", "SPLIT_MIN_GAIN_BPS", "RAYDIUM_API_URL", "JUPITER_API_URL",
            "JUPITER_API_KEY", "SSL_CERT_FILE", "PREVIEWS_PER_MINUTE", "QUOTE_SHARE_MS", "MOCK_QUOTE_LATENCY_MS",
        ]
        let executor = [
            "EXECUTOR_CONCURRENCY", "MAX_UNDER_WAY", "ORDERS_PER_MINUTE", "QUOTE_TTL_MS", "MOCK_SWAP_LATENCY_MS", "MOCK_FAILURE_RATE",
            "MOCK_DROP_RATE", "MOCK_LATE_RATE", "CHAIN_RETENTION_DAYS", "CHAIN",
        ]
        let notifier = [
            "DATABASE_URL", "PERSIST_BATCH", "PERSIST_WAIT_MS", "EVENTS_RETENTION_DAYS", "ORDERS_RETENTION_DAYS", "WS_PING_S", "WS_IDLE_S",
            "WS_QUEUE", "WS_QUEUE_BYTES",
            "WS_MAX_MESSAGE", "WS_QUEUE_TOTAL_BYTES", "WS_FRAMES_PER_S", "CALLER_SOCKETS",
        ]
        #expect(Set(GatewaySettings.descriptions.map(\.name)) == Set(common + gateway + files + market + waits))
        #expect(Set(RouterSettings.descriptions.map(\.name)) == Set(common + worker + stage + market + files + waits + router))
        #expect(Set(ExecutorSettings.descriptions.map(\.name)) == Set(common + worker + stage + market + files + ["VENUES"] + executor))
        #expect(Set(NotifierSettings.descriptions.map(\.name)) == Set(common + worker + notifier))
    }
}
