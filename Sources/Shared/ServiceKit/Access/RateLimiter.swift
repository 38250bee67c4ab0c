internal import Access
internal import Configuration
internal import EventLoop
internal import HTTP
internal import Observability
internal import Pipeline

/// What one caller may ask for in a second, over all processes. A caller is a key, or the address of a request without one.
@ServiceActor
final class RateLimiter {
    /// The kinds of requests that are counted apart. Those of the other kinds count as `requests` too.
    enum Kind: Int, CaseIterable {
        case requests
        /// Orders that are placed.
        case orders
        /// What asks venues, or looks through all orders.
        case quotes

        /// What clients, metrics and Redis call it.
        var name: String { Self.names[rawValue] }
        private static let names = Kind.allCases.map { "\($0)" }
    }

    private struct Bucket: Hashable {
        let kind: Kind
        /// `:` and the name of a key, or `@` and an address.
        let caller: String

        /// What Redis calls it.
        var name: String { kind.name + caller }
    }

    /// A lease of a bucket, with what clients are told of it.
    private struct Share {
        var lease: RateLease
        private let policy: String
        private let beginning: String

        init(_ kind: Kind, rate: Int) {
            lease = RateLease(rate: rate, burst: 2 * rate)
            policy = "\"\(kind.name)\";q=\(rate);w=1"
            beginning = "\"\(kind.name)\";r="
        }

        /// The fields of draft-ietf-httpapi-ratelimit-headers: the policy, and what is left of it.
        func headers(remaining: Int) -> [(String, String)] {
            [("RateLimit-Policy", policy), ("RateLimit", beginning + String(remaining) + ";t=1")]
        }
    }

    /// The leases of one caller, by kind. A class, so that a request looks its caller up once.
    private final class Shares {
        private var shares: [Share?] = Kind.allCases.map { _ in nil }

        subscript(kind: Kind) -> Share? {
            get { shares[kind.rawValue] }
            set { shares[kind.rawValue] = newValue }
        }

        /// Judges a request, by a new lease if there is none of this rate. The file of keys may have another limit by now. Returns whether there is
        /// something to ask the bucket for, too.
        func take(_ kind: Kind, rate: Int, at now: UInt64) -> (verdict: RateLease.Verdict, isShort: Bool) {
            if shares[kind.rawValue]?.lease.rate != rate { shares[kind.rawValue] = Share(kind, rate: rate) }
            let verdict = shares[kind.rawValue]?.lease.take(at: now) ?? .granted
            return (verdict, shares[kind.rawValue]?.lease.isShort(at: now) ?? false)
        }

        /// What the client is told of one of its limits; nothing where it has none.
        func headers(_ kind: Kind, remaining: Int? = nil) -> [(String, String)] {
            guard let share = shares[kind.rawValue] else { return [] }
            return share.headers(remaining: remaining ?? share.lease.remaining)
        }

        func isIdle(at now: UInt64) -> Bool { shares.allSatisfy { $0?.lease.isIdle(at: now) ?? true } }
    }

    /// Addresses that are told apart at once. Further ones share a bucket. Keys are bounded by their file.
    private static let maxAddresses = 10_000
    private static let sweep = Duration.seconds(1)
    /// Buckets of one call of the script.
    private static let page = 64

    private let settings: RateSettings
    private let pipeline: OrderPipeline
    private let refused: MetricFamily<Counter>
    private let log: Logger
    private var callers: [String: Shares] = [:]
    private var waiting: Set<Bucket> = []
    private var isAsking = false

    init(settings: RateSettings, pipeline: OrderPipeline, metrics: MetricsRegistry, log: Logger) {
        self.settings = settings
        self.pipeline = pipeline
        self.log = log
        refused = metrics.counters("http_rate_limited_total", help: "Requests that were refused because their caller sends too many.", by: ["kind"])
    }

    /// Counts a request. Returns the header fields that tell what is left. Throws a 429 if it is one too many.
    func admit(_ principal: Principal, at address: @autoclosure () -> IPAddress, _ kind: Kind) throws(Problem) -> [(String, String)] {
        let rate = (own: rate(of: principal, kind), all: rate(of: principal, .requests))
        guard rate.own != nil || rate.all != nil else { return [] }
        let (caller, shares) = shares(of: principal.counted(at: address()))
        let now = MonotonicInstant.now.milliseconds
        if let all = rate.all { try take(.requests, all, caller, shares, at: now) }
        if kind != .requests, let own = rate.own { try take(kind, own, caller, shares, at: now) }
        return shares.headers(rate.own == nil ? .requests : kind)
    }

    private func take(_ kind: Kind, _ rate: Int, _ caller: String, _ shares: Shares, at now: UInt64) throws(Problem) {
        let (verdict, isShort) = shares.take(kind, rate: rate, at: now)
        if isShort { ask(Bucket(kind: kind, caller: caller)) }
        guard case .refused(let wait) = verdict else { return }
        refused.labelled(kind.name).increment()
        throw .tooManyRequests(kind.name, rate: rate, retryAfter: Int((wait + 999) / 1000), headers: shares.headers(kind, remaining: 0))
    }

    /// The leases of a caller, and the name by which it is counted.
    private func shares(of caller: String) -> (String, Shares) {
        if let known = callers[caller] { return (caller, known) }
        let name = caller.hasPrefix("@") && callers.count >= Self.maxAddresses ? "@others" : caller
        let shares = callers[name] ?? Shares()
        callers[name] = shares
        return (name, shares)
    }

    private func rate(of principal: Principal, _ kind: Kind) -> Int? {
        switch kind {
        case .requests: principal.limits.requests ?? settings.requests
        case .orders: principal.limits.orders ?? settings.orders
        case .quotes: settings.quotes
        }
    }

    // MARK: The buckets in Redis

    private func ask(_ bucket: Bucket) {
        waiting.insert(bucket)
        guard !isAsking else { return }
        isAsking = true
        Loop.spawn {
            while !self.waiting.isEmpty { await self.askOnce() }
            self.isAsking = false
        }
    }

    /// Charges the buckets that wait, at most a page of them.
    private func askOnce() async {
        let buckets = Array(waiting.prefix(Self.page))
        waiting.subtract(buckets)
        let now = MonotonicInstant.now.milliseconds
        let claims = buckets.compactMap { bucket in callers[bucket.caller]?[bucket.kind]?.lease.claim(at: now).map { (bucket, $0) } }
        guard !claims.isEmpty else { return }
        let charges = claims.compactMap { bucket, claim in
            callers[bucket.caller]?[bucket.kind].map {
                BucketCharge(name: bucket.name, rate: $0.lease.rate, burst: $0.lease.burst, owed: claim.owed, wanted: claim.wanted)
            }
        }
        do throws(PipelineError) {
            let grants = try await pipeline.charge(charges)
            let now = MonotonicInstant.now.milliseconds
            for ((bucket, claim), grant) in zip(claims, grants) {
                callers[bucket.caller]?[bucket.kind]?.lease.settle(claim, granted: grant.granted, left: grant.left, wait: grant.wait, at: now)
            }
        } catch {
            let now = MonotonicInstant.now.milliseconds
            for (bucket, claim) in claims { callers[bucket.caller]?[bucket.kind]?.lease.fail(claim, at: now) }
            log.limited(.warning, "limits.not_shared", every: .seconds(10), ["reason": .string(error.message)])
        }
    }

    /// Forgets callers that are gone, until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            try? await sleep(for: Self.sweep)
            let now = MonotonicInstant.now.milliseconds
            callers = callers.filter { !$0.value.isIdle(at: now) }
        }
    }
}
