internal import Access
internal import Configuration
internal import EventLoop
internal import HTTP
internal import Observability
internal import Redis

extension ServiceProcess {
    /// Adds the routes of every service: `/health/live`, `/health/ready` and `/metrics`.
    func addAdminRoutes() {
        addProbes(to: router)
        observeRequests()
        observeProcess()
    }

    /// A listener of its own for the same routes, which also answers when all connections of the process' port are taken. It asks for no key. Nil if
    /// none is set.
    func makeAdminServer() -> HTTPServer? {
        guard let port = common.limits.adminPort else { return nil }
        let probes = HTTPRouter()
        addProbes(to: probes)
        probes.onRequest = router.onRequest
        probes.onError = router.onError
        return HTTPServer(bind: common.bind, port: UInt16(port), router: probes, options: .probes)
    }

    private func addProbes(to router: HTTPRouter) {
        router.get("/health/live", for: .probe) { [health] request, _ in Self.answer(health.liveness, to: request) }
        router.get("/health/ready", for: .probe) { [health] request, _ in Self.answer(health.readiness, to: request) }
        router.get("/metrics") { [metrics] _, _ in
            HTTPResponse(status: 200, headers: [("Content-Type", PrometheusText.contentType)], body: metrics.render())
        }
    }

    /// Where there are keys, who is no operator is told whether, and not why.
    private static func answer(_ report: HealthReport, to request: HTTPRequest) -> HTTPResponse {
        let isTold = request.principal.scopes.contains(.operate)
        return .json(report.isPassing ? 200 : 503, isTold ? report.json : report.verdict)
    }

    private func observeRequests() {
        let requests = metrics.counters("http_requests_total", help: "HTTP requests by route and status code.", by: ["route", "code"])
        let durations = metrics.histograms("http_request_duration_seconds", help: "Time from the whole request to its answer.", by: ["route"])
        router.onRequest = { route, status, seconds in
            requests.labelled(route, String(status)).increment()
            durations.labelled(route).observe(seconds)
        }
        let limits = metrics.counters("http_limits_reached_total", help: "How often a limit has kept a client out.", by: ["limit"])
        for limit in HTTPServerLimit.allCases { _ = limits.labelled(limit.rawValue) }
        router.onLimit = { [log] limit in
            limits.labelled(limit.rawValue).increment()
            log.limited(.warning, "http.limit_reached", every: .seconds(10), ["limit": .string(limit.rawValue)])
        }
        router.onError = { [log] error, route, id in
            log.error("http.handler_failed", ["route": .string(route), "requestId": .string(id), "reason": .string("\(error)")])
        }
    }

    private func observeConnections() {
        metrics.observe(.gauge, "http_connections_open", help: "Connections that are open, sockets included.") { [weak self] in
            ServiceActor.assume(self) { Double($0?.server?.connections ?? 0) }
        }
        metrics.observe(.gauge, "http_queued_bytes", help: "Bytes that wait for sockets and streams.") { [weak self] in
            ServiceActor.assume(self) { Double($0?.server?.queuedBytes ?? 0) }
        }
    }

    private func observeProcess() {
        observeConnections()
        metrics.registerProcess(service: service, version: Self.version)
        let roundTrip = metrics.histogram("redis_round_trip_seconds", help: "Time from a command to its reply.")
        redis.onRoundTrip = { roundTrip.observe($0) }
        metrics.observe(.counter, "redis_reconnects_total", help: "Connections to Redis made after the first.") { [redis] in
            ServiceActor.assume(redis) { Double($0.statistics.reconnects) }
        }
        metrics.observe(.gauge, "redis_commands_in_flight", help: "Commands that wait for their reply.") { [redis] in
            ServiceActor.assume(redis) { Double($0.statistics.inFlight) }
        }
    }

    /// Measures how late a timer of the loop is, until the task is cancelled.
    func watchLoopDelay() async {
        let delays = metrics.histogram("event_loop_delay_seconds", help: "By how much a timer of the event loop was late.")
        let interval = Duration.milliseconds(100)
        while !Task.isCancelled {
            let start = MonotonicInstant.now
            try? await sleep(for: interval)
            delays.observe(max(.zero, start.elapsed - interval))
        }
    }
}
