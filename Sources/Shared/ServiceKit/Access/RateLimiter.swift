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
    enum Kind: String, CaseIterable {
        case requests
        /// Orders that are placed.
        case orders
        /// What asks venues, or looks through all orders.
        case quotes
    }

    private struct Bucket: Hashable {
        let kind: Kind
        /// `:` and the name of a key, or `@` and an address.
        let caller: String

        /// What Redis calls it.
        var name: String { kind.rawValue + caller }
    }

    /// How a caller stands with one of its limits.
    private struct Standing {
        let kind: Kind
        let rate: Int
        let remaining: Int

        /// The fields of draft-ietf-httpapi-ratelimit-headers: the policy, and what is left of it.
        var headers: [(String, String)] {
            [("RateLimit-Policy", "\"\(kind.rawValue)\";q=\(rate);w=1"), ("RateLimit", "\"\(kind.rawValue)\";r=\(remaining);t=1")]
        }
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
    private var leases: [Bucket: RateLease] = [:]
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
        let caller = principal.counted(at: address())
        var standing = try take(principal, caller, .requests)
        if kind != .requests { standing = try take(principal, caller, kind) ?? standing }
        return standing?.headers ?? []
    }

    private func take(_ principal: Principal, _ caller: String, _ kind: Kind) throws(Problem) -> Standing? {
        guard let rate = rate(of: principal, kind) else { return nil }
        let now = MonotonicInstant.now.milliseconds
        let bucket = bucket(caller, kind)
        // The file of keys may have another limit by now.
        var lease = leases[bucket].flatMap { $0.rate == rate ? $0 : nil } ?? RateLease(rate: rate, burst: 2 * rate)
        let verdict = lease.take(at: now)
        leases[bucket] = lease
        if lease.isShort(at: now) { ask(bucket) }
        guard case .refused(let wait) = verdict else { return Standing(kind: kind, rate: rate, remaining: lease.remaining) }
        refused.labelled(kind.rawValue).increment()
        throw .tooManyRequests(
            kind.rawValue, rate: rate, retryAfter: Int((wait + 999) / 1000), headers: Standing(kind: kind, rate: rate, remaining: 0).headers)
    }

    private func bucket(_ caller: String, _ kind: Kind) -> Bucket {
        let bucket = Bucket(kind: kind, caller: caller)
        guard caller.hasPrefix("@"), leases.count >= Self.maxAddresses, leases[bucket] == nil else { return bucket }
        return Bucket(kind: kind, caller: "@others")
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
        let claims = buckets.compactMap { bucket in leases[bucket]?.claim(at: now).map { (bucket, $0) } }
        guard !claims.isEmpty else { return }
        let charges = claims.compactMap { bucket, claim in
            leases[bucket].map { BucketCharge(name: bucket.name, rate: $0.rate, burst: $0.burst, owed: claim.owed, wanted: claim.wanted) }
        }
        do throws(PipelineError) {
            let grants = try await pipeline.charge(charges)
            let now = MonotonicInstant.now.milliseconds
            for ((bucket, claim), grant) in zip(claims, grants) {
                leases[bucket]?.settle(claim, granted: grant.granted, left: grant.left, wait: grant.wait, at: now)
            }
        } catch {
            let now = MonotonicInstant.now.milliseconds
            for (bucket, claim) in claims { leases[bucket]?.fail(claim, at: now) }
            log.limited(.warning, "limits.not_shared", every: .seconds(10), ["reason": .string(error.message)])
        }
    }

    /// Forgets callers that are gone, until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            try? await sleep(for: Self.sweep)
            let now = MonotonicInstant.now.milliseconds
            leases = leases.filter { !$0.value.isIdle(at: now) }
        }
    }
}
