internal import Access
internal import Configuration
public import EventLoop
internal import Glibc
public import HTTP
public import Observability
public import Pipeline
public import Redis

/// The parts of every service's process: its name, log, metrics, health, HTTP server, and the pipeline on its connection to Redis.
@ServiceActor
public final class ServiceProcess {
    public let service: String
    /// Service, host and a random part: the process' name for other processes and as a consumer.
    public let name: String
    public let log: Logger
    /// Lines with counts, for what happens to every order.
    public let counted: CountedLines
    public let metrics = MetricsRegistry()
    public let health = HealthRegistry()
    /// The routes of the HTTP server.
    public let router: HTTPRouter
    /// The connection to Redis for everything that does not block.
    public let redis: RedisClient
    public let pipeline: OrderPipeline
    /// The heartbeat, and with it the clock of Redis.
    public let heartbeat: Heartbeat
    /// Logs and counts what happens to stream entries.
    public let observer: PipelineObserver
    /// More fields of the process' heartbeat; set by the service.
    public var heartbeatFields: @ServiceActor () -> [String: String] = { [:] }
    /// Options of the HTTP server; a service may change them before it starts.
    public var serverOptions = HTTPServerOptions()
    /// Open sockets and streams of server-sent events.
    public var openSockets: Int { server.map { $0.webSockets + $0.streams } ?? 0 }
    /// Why Redis cannot be used, in words that anybody may see; nil if it can.
    public var redisTrouble: String? { readiness.trouble }
    /// Whether Redis is away as far as is known: there is no connection, and Redis has not refused one.
    public var isRedisAway: Bool { readiness.isAway }
    /// Who may use the routes.
    public let access: AccessGate
    /// The tokens in the URLs of sockets.
    public let tokens: SocketTokens
    let keys: KeyStore?
    private let limiter: RateLimiter
    let readiness: RedisReadiness
    /// Has the process read more partitions when the engine grows.
    public let partitionWatch: PartitionWatch
    private var saidOfItself: [String: String] {
        let mode: AccessMode = access.isKeyed ? .keyed : .open
        let usual = ["ended": observer.ended.text, "trouble": readiness.defect ?? "", AccessMode.field: mode.rawValue]
        return heartbeatFields().merging(usual) { own, _ in own }
    }
    private var followers: [WeakFollower] = []
    weak var server: HTTPServer?
    let common: CommonSettings
    private let relay = Relay()

    private struct WeakFollower {
        weak var follower: (any RedisFollower)?
    }

    /// Gives the process' own closures the process, which is made after them.
    @ServiceActor
    private final class Relay {
        weak var process: ServiceProcess?
    }

    /// Throws if the file of API keys cannot be used.
    init(service: String, common: CommonSettings, pipeline settings: PipelineSettings) throws(StartError) {
        self.service = service
        self.common = common
        name = Self.makeName(service)
        log = Logger(
            service: service, instance: name, level: Logger.Level(rawValue: common.logLevel.rawValue) ?? .info,
            format: Logger.Format(rawValue: common.logFormat.rawValue) ?? .json)
        counted = CountedLines(log: log)
        router = HTTPRouter()
        let redisOptions = try Self.redisOptions(common)
        redis = RedisClient(url: common.redis, name: name, options: redisOptions)
        pipeline = OrderPipeline(redis: redis, settings: settings, barrier: Self.barrier(common, name, redisOptions))
        observer = PipelineObserver(log: log, metrics: metrics)
        heartbeat = Heartbeat(redis: redis, service: service, name: name) { [relay, pipeline] in
            (relay.process?.saidOfItself ?? [:]).merging(pipeline.agreementFields) { _, own in own }
        }
        partitionWatch = PartitionWatch(pipeline: pipeline, heartbeat: heartbeat, observer: observer)
        readiness = RedisReadiness(redis: redis, pipeline: pipeline, heartbeat: heartbeat, log: log)
        keys = try KeyStore.open(common.access.keysFile, log: log)
        tokens = SocketTokens(pipeline: pipeline)
        limiter = RateLimiter(settings: common.access.rates, pipeline: pipeline, metrics: metrics, log: log)
        access = AccessGate(settings: common.access, keys: keys, tokens: tokens, limiter: limiter)
        router.gate = access
        serverOptions.crossOrigin = access.origins
        serverOptions.use(common.limits)
        relay.process = self
        observer.watch(pipeline)
        watchClock()
    }

    /// Sets the crash line and the limits for the whole process.
    func begin(_ descriptors: DescriptorLimit) {
        CrashLine.install(service: service, instance: name, format: Logger.Format(rawValue: common.logFormat.rawValue) ?? .json)
        serverOptions.fit(descriptors: descriptors.now)
    }

    /// Logs the limits, and warns about unknown settings, once the settings have turned out to be usable.
    func tellLimits(_ descriptors: DescriptorLimit) {
        log.info(
            "process.limits",
            [
                "descriptors": .integer(descriptors.now), "descriptors_at_start": .integer(descriptors.before),
                "connections": .integer(serverOptions.maxConnections), "sockets": .integer(serverOptions.maxSockets),
            ])
        for remark in common.remarks { log.warning("setting.unknown", ["reason": .string(remark)]) }
    }

    /// Throws if this Redis cannot wait for the disks of replicas.
    func requireWaits(_ version: String) throws(StartError) {
        guard pipeline.barrier?.settings.onDisk == true else { return }
        let parts = version.split(separator: ".").compactMap { Int($0) }
        guard parts.count > 1, (parts[0], parts[1]) < (7, 2) else { return }
        throw StartError("REDIS_REPLICA_SYNC=disk needs Redis 7.2 or newer, and this is \(version): set it to memory, or upgrade Redis")
    }

    /// What waits for replicas; nil if nothing has to.
    private static func barrier(_ common: CommonSettings, _ name: String, _ options: RedisOptions) -> ReplicaBarrier? {
        guard common.redisReplicas.count > 0 else { return nil }
        return ReplicaBarrier(
            redis: RedisClient(url: common.redis, name: name + "-barrier", options: options),
            settings: ReplicaSettings(count: common.redisReplicas.count, onDisk: common.redisReplicas.sync == .disk))
    }

    /// Throws if the files of TLS cannot be used.
    private static func redisOptions(_ common: CommonSettings) throws(StartError) -> RedisOptions {
        var options = RedisOptions()
        options.tls = common.redisTLS
        if common.redis.isSecure {
            do throws(RedisError) { try options.check() } catch { throw StartError("REDIS_TLS_CA, REDIS_TLS_CERT, REDIS_TLS_KEY: \(error)") }
        }
        return options
    }

    /// A connection for one blocking reader. It reconnects when the process' own connection has found another server.
    public func connectReader() -> RedisReader { following(redis.reader(name: name + "-reader")) }

    /// A connection for Pub/Sub; its owner runs it. It reconnects as a reader does.
    public func connectSubscriber() -> RedisSubscriber {
        following(redis.subscriber(name: name + "-subscriber", pingChannel: Keys.silence))
    }

    private func following<Follower: RedisFollower>(_ follower: Follower) -> Follower {
        followers = followers.filter { $0.follower != nil } + [WeakFollower(follower: follower)]
        return follower
    }

    /// Makes subscribers and readers look up their address again.
    func moveFollowers() { for entry in followers { entry.follower?.reconnect() } }

    /// Limits the sockets and streams of one caller: of a key, or of an address without one.
    ///
    /// - Parameter usual: how many; nil for no limit but that of the key itself.
    public func limitSockets(_ usual: Int?) {
        serverOptions.socketsPerAddress = usual
        guard access.isKeyed else { return }
        router.socketQuota = { request in
            let principal = request.principal
            guard !principal.name.isEmpty, let limit = principal.limits.sockets ?? usual else { return nil }
            return SocketQuota(owner: "key \(principal.name)", limit: limit)
        }
    }

    /// Closes all sockets with 1012 and ends all streams, spread over a time, so that their clients do not reconnect all at once.
    public func closeSockets(over duration: Duration) async { await server?.closeWebSockets(over: duration) }

    /// The work of every process in addition to its service's.
    var children: [ServiceChild] {
        [
            ServiceChild("heartbeat") { await self.heartbeat.run() },
            ServiceChild("loop_delay") { await self.watchLoopDelay() },
            ServiceChild("readiness") { await self.readiness.watch() },
            ServiceChild("partitions") { await self.partitionWatch.run() },
            ServiceChild("access") { await self.runAccess() },
            ServiceChild("barrier") { await self.pipeline.barrier?.run() },
        ]
    }

    /// Keeps limits and the keys of callers and of tokens up to date, until the task is cancelled.
    func runAccess() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.limiter.run() }
            guard let keys else { return }
            group.addTask { await keys.run() }
            group.addTask { await self.tokens.run() }
        }
    }

    private nonisolated static func makeName(_ service: String) -> String {
        var host = [CChar](repeating: 0, count: 65)
        gethostname(&host, 64)
        let text = String(decoding: host.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return "\(service)-\(text)-\(String(UInt32.random(in: .min ... .max), radix: 36))"
    }
}
