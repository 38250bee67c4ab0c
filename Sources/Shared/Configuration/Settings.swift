/// Every setting of the engine, each declared once: name, default, range, unit, meaning. The settings structs of the services decide which service
/// reads it.
enum Settings {
    // Each service
    static let redis = Setting.redisURL(
        "REDIS_URL", default: "redis://127.0.0.1:6379", "Redis, with user, password and database if needed; rediss:// is TLS")
    static let redisTLSAuthority = Setting<String?>.path(
        "REDIS_TLS_CA", shownAs: "the system's certificates", "The certificates that a Redis with TLS is trusted by (PEM)")
    static let redisTLSCertificate = Setting<String?>.path(
        "REDIS_TLS_CERT", shownAs: "none", "The engine's own certificate, where Redis asks its clients for one (PEM)")
    static let redisTLSKey = Setting<String?>.path("REDIS_TLS_KEY", shownAs: "none", "The key of that certificate (PEM)")
    static let redisReplicas = Setting<Int>.integer(
        "REDIS_REPLICAS", default: 0, in: 0...5,
        "Replicas of Redis that must have an order before it is answered, and a step before a transaction is sent")
    static let redisReplicaSync = Setting.choice(
        "REDIS_REPLICA_SYNC", default: RedisReplicas.Sync.memory, "Where they must have it: in memory, or on disk (Redis 7.2)")
    static let port = Setting<Int>.integer("PORT", default: 8080, in: 0...65535, "TCP port to listen on; 0 takes any free one")
    static let bind = Setting<String>.address("BIND", default: "0.0.0.0", "Address to listen on")
    static let partitions = Setting<Int>.integer(
        "PARTITIONS", default: 1, in: 1...256, "Partitions of the streams; the same everywhere. orderctl partitions grow makes them more")
    static let logLevel = Setting.logLevel("LOG_LEVEL", default: .info, "The least that is logged")
    static let logFormat = Setting.choice("LOG_FORMAT", default: LogFormat.json, "Form of a log line")
    static let shutdownGrace = Setting<Duration>.seconds("SHUTDOWN_GRACE_S", default: 15, in: 1...300, "Time to finish what is in hand after SIGTERM")

    // Who may use the engine
    static let keysFile = Setting<String?>.path(
        "API_KEYS_FILE", shownAs: "none: anyone may do everything", "The API keys, made by orderctl keys new; read again when it changes")
    static let allowedHosts = Setting<[String]>.hosts(
        "ALLOWED_HOSTS",
        "Names of the engine in a request's Host, besides loopback names, IP addresses and names without a dot; no effect with API keys")
    static let allowedOrigins = Setting<[String]>.origins(
        "ALLOWED_ORIGINS", "Origins of pages that may use the engine, besides its own; null for pages from local files")
    static let socketTokenTTL = Setting<Duration>.seconds(
        "SOCKET_TOKEN_TTL_S", default: 3_600, in: 10...86_400, "How long the token in an order's socket URL is good; no effect without API keys")

    static let callerRequests = Setting<Int?>.integer(
        "CALLER_REQUESTS_PER_S", default: 100, in: 1...1_000_000, zeroMeans: "no limit",
        "Requests a second of one API key, or of one address without a key; twice as many at once")
    static let callerOrders = Setting<Int?>.integer(
        "CALLER_ORDERS_PER_S", default: 50, in: 1...1_000_000, zeroMeans: "no limit", "Orders among them")
    static let callerQuotes = Setting<Int?>.integer(
        "CALLER_QUOTES_PER_S", default: 10, in: 1...1_000_000, zeroMeans: "no limit", "Quotes, and examinations by an operator, among them")

    // What one client may cost
    static let adminPort = Setting<Int?>.integer(
        "ADMIN_PORT", default: 0, in: 1...65535, zeroMeans: "none",
        "TCP port of its own for /health/live, /health/ready and /metrics, which answers also when PORT is at its limits")
    static let maxHeaders = Setting<Int>.integer("MAX_HEADERS", default: 64, in: 8...1_000, unit: "headers", "Header fields of a request")
    static let maxHeaderBytes = Setting<Int>.bytes(
        "MAX_HEADER_BYTES", default: "8KiB", in: 1_024...65_536, "Request line and headers of a request")
    static let maxBody = Setting<Int>.bytes("MAX_BODY", default: "16KiB", in: 1_024...1_048_576, "Body of a request")
    static let headerTimeout = Setting<Duration>.seconds(
        "HEADER_TIMEOUT_S", default: 10, in: 1...300, "Longest time that the headers of a request may take to arrive")
    static let bodyTimeout = Setting<Duration>.seconds(
        "BODY_TIMEOUT_S", default: 10, in: 1...300, "Longest time that the body of a request may take to arrive")
    static let minDrainRate = Setting<Int?>.bytes(
        "MIN_DRAIN_RATE", default: "1KiB", in: 1...1_048_576, zeroMeans: "no limit", unit: "bytes a second",
        "A client that sends a body, or takes what waits for it, more slowly than this for 5 s is cut off")
    static let connectionsPerAddress = Setting<Int?>.integer(
        "CONNECTIONS_PER_ADDRESS", default: 200, in: 1...100_000, zeroMeans: "no limit",
        "Open connections of one address; those of TRUSTED_PROXIES are not counted")
    static let trustedProxies = Setting<AddressList>.addresses(
        "TRUSTED_PROXIES", default: "127.0.0.0/8,::1", "Proxies whose X-Forwarded-For or X-Real-IP names the client")

    // Postgres
    static let database = Setting.postgresURL("DATABASE_URL", "Postgres")
    static let databaseRead = Setting<PostgresURL?>.postgresURL("DATABASE_READ_URL", "A standby of that Postgres, for lists of orders")
    static let databaseReadLag = Setting<Duration>.milliseconds(
        "DATABASE_READ_LAG_MS", default: 2_000, in: 100...60_000, "How far that standby may be behind before lists are read from DATABASE_URL")
    static let eventsRetention = Setting<Duration?>.days(
        "EVENTS_RETENTION_DAYS", default: 0, in: 1...36_500, zeroMeans: "ever", "How long Postgres keeps events of final orders")
    static let ordersRetention = Setting<Duration?>.days(
        "ORDERS_RETENTION_DAYS", default: 0, in: 1...36_500, zeroMeans: "ever",
        "How long Postgres keeps final orders; they go by whole months, when the last order of a month is that old")
    static let persistBatch = Setting<Int>.integer("PERSIST_BATCH", default: 1000, in: 1...10_000, "Most orders of one transaction")
    static let persistWait = Setting<Duration>.milliseconds(
        "PERSIST_WAIT_MS", default: 20, in: 1...10_000, "Longest wait for a batch to fill; ten times as long while many orders are under way")

    // Taking orders in
    static let publicURL = Setting<String?>.httpURL("PUBLIC_URL", shownAs: "from the request", "Where clients reach the engine")
    static let maxBacklog = Setting<Int>.integer(
        "MAX_BACKLOG", default: 100_000, in: 1...100_000_000, "Waiting orders from which on new ones get 503")
    static let maxEventBacklog = Setting<Int>.integer(
        "MAX_EVENT_BACKLOG", default: 500_000, in: 1...100_000_000, "Orders with events not in Postgres yet from which on new orders get 503")
    static let maxWait = Setting<Duration?>.milliseconds(
        "MAX_WAIT_MS", default: 0, in: 1...86_400_000, zeroMeans: "no limit", "Age of the oldest waiting order above which new ones get 503")
    static let maxExpectedWait = Setting<Duration?>.milliseconds(
        "MAX_EXPECTED_WAIT_MS", default: 100, in: 1...86_400_000, zeroMeans: "no limit",
        "Wait for workers, at the rate at which they take orders, above which new ones get 503")
    static let maxAttempts = Setting<Int>.integer("MAX_ATTEMPTS", default: 3, in: 1...10, "Attempts of an order in all")
    static let userOpenOrders = Setting<Int?>.integer(
        "USER_OPEN_ORDERS", default: 0, in: 1...100_000, zeroMeans: "no limit", "Orders of one user that may be open at once")
    static let userOrdersPerMinute = Setting<Int?>.integer(
        "USER_ORDERS_PER_MIN", default: 0, in: 1...100_000, zeroMeans: "no limit", "Orders of one user that are taken within a minute")
    static let orderNotional = Setting<[TokenAmount]?>.amounts(
        "ORDER_NOTIONAL_MAX", "Most whole tokens that one order may sell of each token; once it is set, a token that it does not name cannot be sold")
    static let idempotencyTTL = Setting<Duration>.seconds(
        "IDEMPOTENCY_TTL_S", default: 86_400, in: 60...2_592_000, "How long an idempotency key is kept")
    static let contracts = Setting<String>.path("CONTRACTS_DIR", default: "docs", "Where openapi.yaml and asyncapi.yaml are")
    static let tokensFile = Setting<String>.path("TOKENS_FILE", default: "config/tokens.json", "The tokens known")
    static let poolsFile = Setting<String>.path("POOLS_FILE", default: "config/pools.json", "The pools of the mock venues")

    // Workers
    static let routerConcurrency = Setting<Int>.integer("ROUTER_CONCURRENCY", default: 256, in: 1...10_000, "Orders in hand at once in this process")
    static let executorConcurrency = Setting<Int>.integer(
        "EXECUTOR_CONCURRENCY", default: 64, in: 1...10_000, "Orders built at once in this process")
    static let maxUnderWay = Setting<Int>.integer(
        "MAX_UNDER_WAY", default: 8_000, in: 1...10_000, "Submitted orders of this process from which on it takes no others")
    static let ordersPerMinute = Setting<Int?>.integer(
        "ORDERS_PER_MINUTE", default: 0, in: 1...10_000_000, zeroMeans: "no limit", "First attempts started over all executors")
    static let retryBase = Setting<Duration>.milliseconds(
        "RETRY_BASE_MS", default: 1_000, in: 1...600_000, "Wait before the second attempt; each further one doubles it")
    static let retryJitter = Setting.rate("RETRY_JITTER", default: "0.2", "Largest random addition to a wait, as a share of it")
    static let visibilityTimeout = Setting<Duration>.milliseconds(
        "VISIBILITY_TIMEOUT_MS", default: 5_000, in: 200...600_000, "Idle time after which another process takes an entry over")
    static let renew = Setting<Duration>.milliseconds(
        "RENEW_MS", default: 1_500, in: 50...300_000, "How often a process renews what it holds; at most half of VISIBILITY_TIMEOUT_MS")
    static let maxStarts = Setting<Int>.integer("MAX_STARTS", default: 5, in: 1...100, "Starts of one stage after which an order counts as poison")
    static let orderStateTTL = Setting<Duration>.seconds(
        "ORDER_STATE_TTL_S", default: 600, in: 1...2_592_000, "How long Redis keeps a final order that Postgres has")

    // Quotes and routing
    static let quoteTimeout = Setting<Duration>.milliseconds("QUOTE_TIMEOUT_MS", default: 1_000, in: 10...60_000, "Longest wait for a venue's quote")
    static let quoteTTL = Setting<Duration?>.milliseconds(
        "QUOTE_TTL_MS", default: 30_000, in: 1...3_600_000, zeroMeans: "never stale", "Age beyond which a route is quoted again")
    static let quoteShare = Setting<Duration?>.milliseconds(
        "QUOTE_SHARE_MS", default: 1_000, in: 1...10_000, zeroMeans: "only while it is under way",
        "How long after its answer GET /api/quotes gives it again to equal requests")
    static let venues = Setting.choice("VENUES", default: VenueSource.mock, "Where quotes come from; swaps are mock with either")
    static let tick = Setting<Duration?>.milliseconds(
        "TICK_MS", default: 0, in: 10...60_000, zeroMeans: "100 with mock prices and 1000 with live ones",
        "Time between two looks at the price that orders wait for")
    static let markMaxAge = Setting<Duration?>.milliseconds(
        "MARK_MAX_AGE_MS", default: 0, in: 100...600_000, zeroMeans: "5000 with mock prices and 30000 with live ones",
        "Age beyond which a price fires no order")
    static let chain = Setting.choice("CHAIN", default: ChainKind.mock, "Where swaps are sent")
    static let routing = Setting.choice(
        "ROUTING", default: RoutingMode.best, "Whether a whole order goes to the best venue, or is divided where that pays more")
    static let splitMinGain = Setting<Int>.integer(
        "SPLIT_MIN_GAIN_BPS", default: 5, in: 0...10_000, unit: "bps",
        "Gain over the best venue above which an order is split; no effect while ROUTING is best")
    static let raydiumURL = Setting<String>.httpURL(
        "RAYDIUM_API_URL", default: "https://transaction-v1.raydium.io", "Raydium's quote API; no effect while VENUES is mock")
    static let jupiterURL = Setting<String>.httpURL(
        "JUPITER_API_URL", default: "https://api.jup.ag", "Jupiter's quote API, for Meteora; no effect while VENUES is mock")
    static let jupiterKey = Setting.secret("JUPITER_API_KEY", "Key for Jupiter's API; no effect while VENUES is mock")
    static let certificates = Setting<String?>.path(
        "SSL_CERT_FILE", shownAs: "the system's", "Certificates that the venues' APIs are trusted by; no effect while VENUES is mock")
    static let previewsPerMinute = Setting<Int?>.integer(
        "PREVIEWS_PER_MINUTE", default: 20, in: 1...100_000, zeroMeans: "no limit",
        "How often a minute GET /api/quotes asks the venues, beside orders; no effect while VENUES is mock")

    // The mock market and chain
    static let mockQuoteLatency = Setting.millisecondRange(
        "MOCK_QUOTE_LATENCY_MS", default: "200", in: 0...60_000, "How long a mock venue takes to answer")
    static let mockSwapLatency = Setting.millisecondRange(
        "MOCK_SWAP_LATENCY_MS", default: "2000-3000", in: 0...600_000, "How long a transaction takes to land")
    static let mockFailureRate = Setting.rate("MOCK_FAILURE_RATE", default: "0.05", "Share of transactions that the mock chain fails")
    static let mockDropRate = Setting.rate("MOCK_DROP_RATE", default: "0", "Share of sends that the mock chain loses")
    static let mockLateRate = Setting.rate("MOCK_LATE_RATE", default: "0", "Share of transactions that land late")
    static let mockSeed = Setting.seed(
        "MOCK_SEED", shownAs: "random", "Seed of all that chance decides; when unset the first process draws one for all")
    static let mockVolatility = Setting<Int>.integer(
        "MOCK_VOLATILITY_BPS", default: 10, in: 0...5_000, unit: "bps",
        "How far a pool's price wanders from that in POOLS_FILE; with 0 pools stand still, and swaps do not move them")
    static let mockReversion = Setting<Duration>.milliseconds(
        "MOCK_REVERSION_MS", default: 5_000, in: 1...3_600_000, "Half-life of a swap's effect on a pool")
    static let mockSlot = Setting<Duration>.milliseconds("MOCK_SLOT_MS", default: 400, in: 10...60_000, "Length of a slot of the mock chain")
    static let mockValidSlots = Setting<Int>.integer(
        "MOCK_VALID_SLOTS", default: 150, in: 1...100_000, unit: "slots", "How long a transaction can land")
    static let chainRetention = Setting<Duration>.days(
        "CHAIN_RETENTION_DAYS", default: 7, in: 1...3_650, "How long the mock chain's ledger of landed swaps is kept")

    // Sockets
    static let socketPing = Setting<Duration>.seconds("WS_PING_S", default: 20, in: 1...3_600, "How often a socket is pinged")
    static let socketIdle = Setting<Duration>.seconds(
        "WS_IDLE_S", default: 60, in: 2...7_200, "Silence after which a socket is closed; more than WS_PING_S")
    static let socketQueue = Setting<Int>.integer(
        "WS_QUEUE", default: 64, in: 1...10_000, unit: "messages", "Messages queued for one socket before it is closed as too slow")
    static let socketQueueBytes = Setting<Int>.bytes(
        "WS_QUEUE_BYTES", default: "256KiB", in: 16_384...67_108_864, "Bytes queued for one socket before it is closed as too slow")
    static let socketQueueTotal = Setting<Int?>.bytes(
        "WS_QUEUE_TOTAL_BYTES", default: "256MiB", in: 65_536...68_719_476_736, zeroMeans: "no limit",
        "Bytes queued for all sockets and streams; over it those with the most are closed as too slow")
    static let socketFrames = Setting<Int?>.integer(
        "WS_FRAMES_PER_S", default: 50, in: 1...100_000, zeroMeans: "no limit", unit: "messages",
        "Messages that a socket may send in a second before it is closed")
    static let callerSockets = Setting<Int?>.integer(
        "CALLER_SOCKETS", default: 100, in: 1...100_000, zeroMeans: "no limit",
        "Sockets and streams that one API key, or one address without a key, may have open in one process")
    static let socketMaxMessage = Setting<Int>.bytes("WS_MAX_MESSAGE", default: "4KiB", in: 128...1_048_576, "Longest message taken from a client")
}
