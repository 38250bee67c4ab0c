public import EventLoop
public import Glibc

/// The whole engine on private servers: the built executables, a Redis that syncs every write, and an empty Postgres database.
///
/// All processes end with `stop`, and with the test process in whatever way it ends. Executables are found beside the tests' executable, or in
/// STACK_BIN.
@ServiceActor
public final class Stack {
    /// Settings with which an order takes a fraction of a second and nothing is left to chance. The clients of a test all have one address, and some
    /// send a thousand messages at once. Options override the settings.
    public static let quickSettings = [
        "MOCK_QUOTE_LATENCY_MS": "5", "MOCK_SWAP_LATENCY_MS": "50-100", "MOCK_FAILURE_RATE": "0", "MOCK_VOLATILITY_BPS": "0", "MOCK_SEED": "1",
        "CALLER_REQUESTS_PER_S": "0", "CALLER_ORDERS_PER_S": "0", "CALLER_QUOTES_PER_S": "0", "ALLOWED_HOSTS": "swap.example",
        "RETRY_BASE_MS": "100", "VISIBILITY_TIMEOUT_MS": "2000", "RENEW_MS": "500", "SHUTDOWN_GRACE_S": "8", "QUOTE_TIMEOUT_MS": "5000",
        "CALLER_SOCKETS": "0", "WS_FRAMES_PER_S": "0",
    ]

    /// The private Redis. Of several servers it is the one that has the orders of partition 0 at the beginning.
    public var redis: RedisServer { servers.server }
    /// The URL of Redis for the services.
    public var redisURL: String { servers.url }
    /// The servers of the private Redis.
    public let servers: StackRedis
    /// The Postgres server: the shared one unless the options say otherwise.
    public let postgres: PostgresServer
    /// The stack's own database.
    public let databaseURL: String
    /// How many partitions the engine has: those of the settings, until a test has made them more.
    public var partitionCount: Int
    public var partitions: Range<Int> { 0..<partitionCount }
    /// The directory of the processes' logs.
    public let directory: String
    private let options: StackOptions
    private var replicas: [StackService: [Replica]] = [:]

    private struct Replica {
        let process: ChildProcess
        let log: String
        var port: UInt16?
    }

    private init(_ options: StackOptions) async throws {
        self.options = options
        partitionCount = options.settings["PARTITIONS"].flatMap { Int($0) } ?? 1
        postgres = try await options.ownPostgres ? PostgresServer.start() : PostgresServer.shared()
        databaseURL = try await postgres.database()
        servers = try await StackRedis.start(options.redisLayout, diskMegabytes: options.redisDiskMegabytes)
        directory = try temporaryDirectory("stack")
    }

    /// Starts everything and returns when each process is ready.
    public static func start(_ options: StackOptions = StackOptions()) async throws -> Stack {
        let stack = try await Stack(options)
        do {
            let services = StackService.allCases.flatMap { Array(repeating: $0, count: options.replicas[$0] ?? 1) }
            let numbers = try services.map { ($0, try stack.launch($0)) }
            for (service, number) in numbers { try await stack.waitUntilReady(service, number) }
            return stack
        } catch {
            let report = stack.report()
            await stack.stop()
            throw TestFailure("the stack did not start: \(error)\n\(report)")
        }
    }

    /// Ends every process without grace, and removes what they have written. With `keepingLogs` the logs stay.
    public func stop(keepingLogs: Bool = false) async {
        for replica in replicas.values.joined() { try? await replica.process.stop(SIGKILL) }
        try? await servers.stop()
        if options.ownPostgres { try? await postgres.kill() }
        if !keepingLogs { removeDirectory(directory) }
    }

    // MARK: Replicas

    /// Starts one more process of a service. Returns its number, from 1, when it is ready. With `link` nobody can reach it, and it reaches only
    /// Redis.
    @discardableResult
    public func start(_ service: StackService, settings: [String: String] = [:], link: NetworkLink? = nil) async throws -> Int {
        let more = link.map { ["REDIS_URL": $0.url].merging(settings) { $1 } } ?? settings
        let number = try launch(service, more, entering: link?.entering ?? [])
        try await waitUntilReady(service, number, isReachable: link == nil)
        return number
    }

    /// Kills a process, as a crash would.
    public func kill(_ service: StackService, _ number: Int = 1) async throws { try await replica(service, number).process.stop(SIGKILL) }

    /// Ends a process by SIGTERM. Returns its exit code and the time that it took.
    public func terminate(_ service: StackService, _ number: Int = 1) async throws -> (code: Int32, duration: Duration) {
        let process = replica(service, number).process
        let start = MonotonicInstant.now
        process.signal(SIGTERM)
        return (try await process.exit(within: .seconds(30)), start.elapsed)
    }

    /// Sends a signal to a process, to stop it without ending it, or to let it go on.
    public func signal(_ service: StackService, _ number: Int = 1, _ signal: Int32) { replica(service, number).process.signal(signal) }

    /// The id of a process. Nil once it has ended.
    public func livingPID(_ service: StackService, _ number: Int = 1) -> pid_t? {
        let process = replica(service, number).process
        return process.exitStatus() == nil ? process.pid : nil
    }

    /// The port of a process.
    public func port(_ service: StackService, _ number: Int = 1) -> UInt16 { replica(service, number).port ?? 0 }

    /// What a process has logged.
    public func log(_ service: StackService, _ number: Int = 1) -> String { contents(of: replica(service, number).log) }

    /// What a process has used: processor time so far, and memory now, in bytes.
    public func usage(_ service: StackService, _ number: Int = 1) -> (processor: Duration, memory: Int) {
        let pid = replica(service, number).process.pid
        // The fields after the name in brackets, which may contain spaces: the 12th and 13th are ticks in user and system mode.
        let fields = contents(of: "/proc/\(pid)/stat").split(separator: ")").last?.split(separator: " ").map { Int($0) ?? 0 } ?? []
        let pages = contents(of: "/proc/\(pid)/statm").split(separator: " ").map { Int($0) ?? 0 }
        guard fields.count > 13, pages.count > 1 else { return (.zero, 0) }
        return (.milliseconds((fields[11] + fields[12]) * 1000 / sysconf(Int32(_SC_CLK_TCK))), pages[1] * sysconf(Int32(_SC_PAGESIZE)))
    }

    /// The last lines that each process has logged.
    public func report(lines: Int = 15) -> String {
        replicas.flatMap { service, replicas in
            replicas.enumerated().map { index, replica in
                let tail = contents(of: replica.log).split(separator: "\n").suffix(lines).joined(separator: "\n")
                let state = replica.process.exitStatus().map { "ended with \($0)" } ?? "running"
                return "--- \(service.rawValue) \(index + 1), \(state)\n\(tail)\n"
            }
        }.joined()
    }

    private func replica(_ service: StackService, _ number: Int) -> Replica {
        guard let all = replicas[service], all.indices.contains(number - 1) else { preconditionFailure("there is no \(service) \(number)") }
        return all[number - 1]
    }

    private func launch(_ service: StackService, _ more: [String: String] = [:], entering: [String] = []) throws -> Int {
        let number = (replicas[service]?.count ?? 0) + 1
        let log = "\(directory)/\(service.rawValue)-\(number).log"
        let fixed = [
            "REDIS_URL": redisURL, "DATABASE_URL": databaseURL, "PORT": "0", "BIND": "127.0.0.1", "LOG_LEVEL": "info", "LOG_FORMAT": "json",
            "TOKENS_FILE": "\(packageRoot)/config/tokens.json", "POOLS_FILE": "\(packageRoot)/config/pools.json",
            "CONTRACTS_DIR": "\(packageRoot)/docs",
        ]
        let environment = [fixed, Self.quickSettings, options.settings, more].reduce(into: [:]) { $0.merge($1) { $1 } }
        let process = try ChildProcess(entering + [Self.executable(service.rawValue)], environment: environment, output: log)
        replicas[service, default: []].append(Replica(process: process, log: log))
        return number
    }

    private func waitUntilReady(_ service: StackService, _ number: Int, isReachable: Bool = true) async throws {
        try await eventually(within: .seconds(60)) {
            let replica = replica(service, number)
            if let status = replica.process.exitStatus() { throw TestFailure("\(service.rawValue) \(number) ended with \(status)") }
            guard let port = replica.port ?? Self.port(in: contents(of: replica.log)) else { return false }
            replicas[service]?[number - 1].port = port
            guard contents(of: replica.log).contains(Self.lastSignOfStart(service)) else { return false }
            return isReachable ? await Self.isReady(port) : true
        }
    }

    /// The last log line of a start. A service is ready without Postgres, but tests wait for it: without Postgres an unknown order is not known to be
    /// unknown.
    private static func lastSignOfStart(_ service: StackService) -> String {
        switch service {
        case .gateway: #""postgres.connected""#
        case .notifier: #""schema.ready""#
        case .router, .executor: #""redis.connected""#
        }
    }

    /// The port of a service. A service takes any free port, and its log says which.
    private static func port(in log: String) -> UInt16? {
        guard let line = log.split(separator: "\n").first(where: { $0.contains(#""service.started""#) }) else { return nil }
        let fields = line.split(separator: ",").first { $0.hasPrefix(#""port":"#) }
        return fields.flatMap { UInt16($0.dropFirst(#""port":"#.count).prefix { $0.isNumber }) }
    }

    private static func isReady(_ port: UInt16) async -> Bool {
        guard let connection = try? RawConnection(port: port) else { return false }
        defer { connection.close() }
        try? await connection.send("GET /health/ready HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        return (try? await connection.response(within: .seconds(5)))?.head.contains(" 200 ") ?? false
    }
}

extension Stack {
    /// Runs a service that is expected to end by itself. Returns its exit code, and its standard output and error.
    public static func run(
        _ service: StackService, _ arguments: [String] = [], environment: [String: String] = [:]
    ) async throws -> (code: Int32, output: String) {
        try await ChildProcess.run([executable(service.rawValue)] + arguments, environment: environment)
    }

    /// Runs a tool that was built beside the services.
    public static func run(
        tool: String, _ arguments: [String], environment: [String: String] = [:]
    ) async throws -> (code: Int32, output: String) {
        try await ChildProcess.run([executable(tool)] + arguments, environment: environment)
    }

    /// The path of an executable that was built beside the tests, or of STACK_BIN.
    public static func executable(_ name: String) -> String {
        let folder = getenv("STACK_BIN").map { String(cString: $0) } ?? ownDirectory
        return "\(folder)/\(name)"
    }

    /// The directory of the tests' executable. All other executables are built beside it.
    private static var ownDirectory: String {
        var path = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &path, path.count)
        let text = String(decoding: path.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return text.split(separator: "/").dropLast().reduce(into: "") { $0 += "/" + $1 }
    }
}
