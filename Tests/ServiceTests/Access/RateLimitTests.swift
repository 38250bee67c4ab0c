import Access
import Configuration
import EventLoop
import JSON
import Observability
import TestSupport
import Testing

@testable import HTTP
@testable import Pipeline
@testable import ServiceKit

/// Tests what one caller may ask for, over several gateways on one Redis.
@Suite(.onLoop) @ServiceActor
struct RateLimitTests {
    private static let order = #"{"tokenIn":"SOL","tokenOut":"USDC","amount":1.5}"#

    @Test func `a caller who sends too many is refused and told when to come back, and others are not`() async throws {
        try await withKeys { keys in
            try await withGateway(["API_KEYS_FILE": keys.path, "CALLER_REQUESTS_PER_S": "5"]) { test, http in
                let running = Loop.spawn { await test.process.runAccess() }
                defer { running.cancel() }
                var answers: [Answer] = []
                for _ in 0..<30 { answers.append(try await http.get("/api/tokens", keys.header("bot"))) }
                let refused = try #require(answers.first { $0.status == 429 })
                #expect(refused["code"]?.string == "TOO_MANY_REQUESTS")
                #expect(refused.header("Retry-After").flatMap { Int($0) } == 1)
                #expect(refused.header("RateLimit-Policy") == #""requests";q=5;w=1"#)
                #expect(refused.header("RateLimit")?.hasPrefix(#""requests";r=0;"#) == true)
                #expect(answers[0].header("RateLimit")?.hasPrefix(#""requests";r="#) == true)
                let other = try await http.get("/api/tokens", keys.header("ant"))
                #expect(other.status == 200)
                try await eventually { try await http.get("/api/tokens", keys.header("bot")).status == 200 }
            }
        }
    }

    @Test func `all gateways together keep to the rate`() async throws {
        let redis = try await RedisServer.shared().database()
        let settings = ["CALLER_REQUESTS_PER_S": "20", "REDIS_URL": redis]
        try await withGateway(settings) { one, first in
            try await withGateway(settings) { two, second in
                let running = [one, two].map { test in Loop.spawn { await test.process.runAccess() } }
                defer { for task in running { task.cancel() } }
                let start = MonotonicInstant.now
                var granted = 0
                while start.elapsed < .seconds(2) {
                    for http in [first, second] where try await http.get("/api/tokens").status == 200 { granted += 1 }
                }
                // Twice the rate at once, the rate for two seconds, and at most two blocks of each process.
                let most = 40 + Int(start.elapsed.seconds * 20) + 8
                #expect((60...most).contains(granted), "\(granted) in \(start.elapsed)")
            }
        }
    }

    @Test func `orders and quotes have limits of their own`() async throws {
        try await withGateway(["CALLER_ORDERS_PER_S": "1", "CALLER_QUOTES_PER_S": "1"]) { test, http in
            let running = Loop.spawn { await test.process.runAccess() }
            defer { running.cancel() }
            var orders: [Int] = []
            for _ in 0..<6 { orders.append(try await http.post(Self.order).status) }
            #expect(orders.contains(202) && orders.contains(429), "\(orders)")
            var examined: [Int] = []
            for _ in 0..<6 { examined.append(try await http.get("/api/doctor").status) }
            #expect(examined.contains(200) && examined.contains(429), "\(examined)")
            let tokens = try await http.get("/api/tokens")
            #expect(tokens.status == 200 && tokens.header("RateLimit") == nil)
        }
    }

    @Test func `who tries keys is limited by address`() async throws {
        try await withKeys { keys in
            try await withGateway(["API_KEYS_FILE": keys.path, "CALLER_REQUESTS_PER_S": "5"]) { test, http in
                let running = Loop.spawn { await test.process.runAccess() }
                defer { running.cancel() }
                var statuses: Set<Int> = []
                for _ in 0..<30 { statuses.insert(try await http.get("/api/tokens", "X-API-Key: oek_0").status) }
                #expect(statuses == [401, 429])
                let holder = try await http.get("/api/tokens", keys.header("bot"))
                #expect(holder.status == 200)
            }
        }
    }

    @Test func `while Redis is away each process keeps to the rate by itself`() async throws {
        let limiter = try await limiter(50)
        let start = MonotonicInstant.now
        var (granted, asked) = (0, 0)
        while start.elapsed < .seconds(1) {
            asked += 1
            if (try? limiter.admit(.anyone, from: "192.0.2.1")) != nil { granted += 1 }
            try await sleep(for: .milliseconds(1))
        }
        // A busy machine asks less often. The rate for as long as it took, and what is let through on credit.
        #expect(granted >= min(asked, 10) && granted <= 25 + Int(start.elapsed.seconds * 50), "\(granted) of \(asked)")
    }

    private func limiter(_ requests: Int) async throws -> RateLimiter {
        let test = try await unconnectedGateway()
        return RateLimiter(
            settings: RateSettings(requests: requests, orders: nil, quotes: nil), pipeline: test.pipeline, metrics: MetricsRegistry(),
            log: test.process.log)
    }

    private func key(_ requests: Int?) -> Principal {
        Principal(APIKey(name: "bot", digest: KeySecret.random().digest, scopes: .read, limits: KeyLimits(requests: requests)))
    }

    @Test func `a limit that was changed in the file of keys holds at once`() async throws {
        let limiter = try await limiter(100)
        var granted = 0
        for _ in 0..<5 where (try? limiter.admit(key(1), from: "192.0.2.1")) != nil { granted += 1 }
        #expect(granted == 1)
        let headers = try limiter.admit(key(1000), from: "192.0.2.1")
        #expect(headers.contains { $0 == ("RateLimit-Policy", #""requests";q=1000;w=1"#) })
    }

    @Test func `however many addresses come, a key has a bucket of its own`() async throws {
        let limiter = try await limiter(1)
        for number in 0..<10_050 { _ = try? limiter.admit(.nobody, from: "10.0.\(number / 256).\(number % 256)") }
        #expect(throws: Problem.self) { try limiter.admit(.nobody, from: "192.0.2.1") }
        _ = try limiter.admit(key(nil), from: "192.0.2.1")
    }

    @Test func `the addresses of one network of IPv6 share a bucket`() async throws {
        let limiter = try await limiter(1)
        _ = try limiter.admit(.nobody, from: "2001:db8::1")
        #expect(throws: Problem.self) { try limiter.admit(.nobody, from: "2001:db8::ffff:2") }
        _ = try limiter.admit(.nobody, from: "2001:db8:0:1::1")
    }
}

extension RateLimiter {
    fileprivate func admit(_ principal: Principal, from address: String) throws -> [(String, String)] {
        let address = try #require(IPAddress(address))
        return try admit(principal, at: address, .requests)
    }
}
