internal import Configuration
internal import EventLoop
internal import Glibc
internal import HTTP
internal import Observability
internal import Pipeline
internal import Redis

/// Runs a process from start to end: connects, serves, and stops in the reverse order on a signal.
@ServiceActor
final class ServiceRun {
    /// The part of the grace period that is left for closing the server and the connections.
    private static let closing = Duration.seconds(2)
    /// How long a start waits for Redis before the server listens all the same, to tell that Redis is away.
    ///
    /// A cluster is prepared without those of its masters that are away after three seconds.
    private var patience: Duration { process.redis.isCluster ? .seconds(4) : .seconds(1) }

    private let process: ServiceProcess
    private let service: any Service
    private let server: HTTPServer
    /// The listener for probes, if it is set.
    private let admin: HTTPServer?
    private let stopRequested = Promise<Void>()
    /// Why the process stops without a signal.
    private var failure: StartError?
    /// Whether a Redis has refused connections since the last connection was prepared: the server that served before may have become a replica.
    private var hasMoved = false
    private var hasAgreedOnAccess = false
    private var signals: [SignalSource] = []
    private let grace = LoopTimer()
    /// Ends the process when a stop takes too long; a test replaces it.
    var cutShort: @ServiceActor (_ exitCode: Int32) -> Void = { exit($0) }

    init(process: ServiceProcess, service: any Service) {
        self.process = process
        self.service = service
        process.addAdminRoutes()
        server = HTTPServer(bind: process.common.bind, port: UInt16(process.common.port), router: process.router, options: process.serverOptions)
        process.server = server
        admin = process.makeAdminServer()
    }

    func run() async throws {
        watchSignals()
        process.health.add("redis", .readiness) { [process] in
            ServiceActor.assume(process) { $0.redisTrouble.map { .failing($0) } ?? .passing }
        }
        if let barrier = process.pipeline.barrier {
            process.health.add("replicas", .readiness) { ServiceActor.assume(barrier) { $0.trouble.map { .failing($0) } ?? .passing } }
            barrier.redis.onFailure = { [unowned self] error in self.note(error) }
        }
        process.redis.onConnect = { [unowned self] info in await self.prepare(info) }
        process.redis.onFailure = { [unowned self] error in self.note(error) }
        try server.takeAddress()
        try admin?.start()
        // Redis ends last, because the others hand back what they hold.
        let redis = Loop.spawn { [process] in await process.redis.run() }
        let work = Loop.spawn { await self.runChildren() }
        await listen()
        try? await stopRequested.value
        limitStop()
        await stop(work)
        process.readiness.stop()
        await process.heartbeat.end()
        process.redis.close()
        await redis.value
        // Until here a probe is told that the process lives and is not ready.
        await admin?.stop(within: .milliseconds(100))
        if let failure { throw failure }
        process.counted.write()
        process.log.info("service.stopped")
    }

    /// Listens once Redis can be reached: a process that is started beside others must not refuse requests that these would have served.
    private func listen() async {
        let wait = Loop.spawn { [process, patience] in
            guard (try? await process.redis.connected(within: patience)) != nil else { return }
            // Orders need the time of Redis.
            if process.heartbeat.clock.now == nil { await process.heartbeat.beat() }
            _ = try? await process.pipeline.barrier?.redis.connected(within: patience)
        }
        let watch = Loop.spawn { [stopRequested] in
            if (try? await stopRequested.value) != nil { wait.cancel() }
        }
        await wait.value
        watch.cancel()
        guard !stopRequested.isCompleted else { return }
        process.health.markStarted()
        do {
            try server.start()
        } catch {
            return stop(because: StartError("\(error)", exitCode: 1))
        }
        process.log.info(
            "service.started", ["version": .string(ServiceProcess.version), "port": .integer(Int(server.port)), "pid": .integer(Int(getpid()))])
        if let admin { process.log.info("service.admin_started", ["port": .integer(Int(admin.port))]) }
    }

    /// Runs the children of the process and the service, until the task is cancelled.
    private func runChildren() async {
        await withTaskGroup(of: Void.self) { group in
            for child in process.children { group.addTask { await self.run(child) } }
            // Nothing can be read before the groups exist.
            while service.needsRedis, !Task.isCancelled, (try? await process.redis.connected(within: .seconds(5))) == nil {}
            // With the wrong count of partitions this process must not touch anything.
            guard failure == nil, !Task.isCancelled else { return }
            for child in service.children { group.addTask { await self.run(child) } }
        }
    }

    /// If a child has failed, the process is not complete any more. It stops, so that a supervisor starts it again.
    private func run(_ child: ServiceChild) async {
        do {
            try await child.run()
        } catch is CancellationError {
        } catch {
            process.log.error("service.child_failed", ["child": .string(child.name), "reason": .string("\(error)")])
            if !stopRequested.isCompleted { stop(because: StartError("\(child.name): \(error)", exitCode: 1)) }
        }
    }

    private func stop(because failure: StartError) {
        self.failure = self.failure ?? failure
        stopRequested.succeed(())
    }

    private func stop(_ work: Task<Void, Never>) async {
        process.health.markStopping()
        server.stopAccepting()
        let whole = process.common.shutdownGrace
        let grace = whole - min(Self.closing, whole / 2)
        process.log.info("service.stopping", ["grace_ms": .milliseconds(grace)])
        await service.stop(within: grace)
        // Requests in hand may need the service's children.
        await server.stop(within: .seconds(1))
        work.cancel()
        _ = try? await withDeadline(.seconds(1)) { await work.value }
    }

    /// Prepares each new connection: agrees with the other processes, and creates the groups.
    private func prepare(_ info: RedisConnectionInfo) async {
        do {
            let isPrepared = try await process.readiness.prepare { [process] in
                try process.requireWaits(info.version)
                try await self.agreeOnAccess()
                try await process.pipeline.agreeOnPartitions()
                // Those of a master that is away are made when it is there, or by whoever misses them.
                try await process.pipeline.inEach(process.pipeline.partitions.filter { process.redis.canReach($0.accepted) }) {
                    keys throws(PipelineError) in try await process.pipeline.createGroups(keys)
                }
            }
            guard isPrepared else { return }
        } catch {
            return stop(because: StartError("\(error)"))
        }
        if hasMoved { process.moveFollowers() }
        hasMoved = false
        process.log.info("redis.connected", ["version": .string(info.version), "first": .boolean(info.isFirst)])
        if !info.isFirst { service.connectionRestored() }
    }

    /// Once, so that a process which has started goes on whoever starts beside it.
    private func agreeOnAccess() async throws {
        guard !hasAgreedOnAccess else { return }
        try await process.agreeOnAccess()
        hasAgreedOnAccess = true
    }

    private func note(_ error: RedisError) {
        hasMoved = hasMoved || error.words != nil
        process.log.limited(
            .warning, error.words == nil ? "redis.away" : "redis.connection_refused", every: .seconds(5), ["reason": .string(error.message)])
    }

    private func watchSignals() {
        for signal in [SIGTERM, SIGINT] {
            signals.append(
                SignalSource(signal) { [unowned self] in
                    // A signal during a stop means that somebody does not want to wait.
                    if !self.stopRequested.succeed(()) { exit(130) }
                })
        }
    }

    /// Keeps to the grace period if a server that does not answer delays the stop. Entries that could not be handed back are as after a crash:
    /// another process claims them after the visibility time-out.
    private func limitStop() {
        grace.start(after: process.common.shutdownGrace) { [unowned self] in
            process.log.warning("service.stop_cut_short")
            cutShort(failure?.exitCode ?? 0)
        }
    }
}
