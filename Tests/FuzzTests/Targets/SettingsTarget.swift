@testable import Configuration
@testable import Postgres

extension FuzzTarget {
    /// An environment, `NAME=value` a line, as every service reads it.
    static let settings = FuzzTarget(name: "settings") { input in
        var environment = ["DATABASE_URL": "postgres://localhost/engine"]
        for line in input.text.split(separator: "\n") {
            let pair = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if pair.count == 2 { environment[String(pair[0])] = String(pair[1]) }
        }
        try holdService(GatewaySettings.self, environment)
        try holdService(RouterSettings.self, environment)
        try holdService(ExecutorSettings.self, environment)
        try holdService(NotifierSettings.self, environment)
        try holdURLs(environment)
        try holdAddresses(environment["TRUSTED_PROXIES"] ?? input.text)
    }

    /// A text in secrets that no message may repeat.
    private static let secret = "hunter2"

    private static func holdService<Service: ServiceSettings>(_ service: Service.Type, _ environment: [String: String]) throws {
        do {
            let common = try Service.load(environment: environment).common
            try hold((0...65535).contains(common.port) && (1...256).contains(common.partitions), "numbers are within their bounds")
            try hold((Duration.seconds(1)...(.seconds(300))).contains(common.shutdownGrace), "durations are within their bounds")
            try hold((0..<1024).contains(common.redis.database), "the number of the database is within its bounds")
            if case .host(let host) = common.redis.place { try hold(host.port > 0 && !host.name.isEmpty, "Redis has a host and a port") }
        } catch let error as ConfigurationError {
            try hold(!error.description.isEmpty, "a refusal says why")
            let secrets = ["DATABASE_URL", "REDIS_URL", "JUPITER_API_KEY"]
            let isSecret = secrets.contains { environment[$0]?.contains(secret) ?? false }
            let isElsewhere = environment.contains { !secrets.contains($0.key) && $0.value.contains(secret) }
            if isSecret, !isElsewhere { try hold(!error.description.contains(secret), "no secret is repeated") }
        }
    }

    private static func holdURLs(_ environment: [String: String]) throws {
        if let url = environment["REDIS_URL"].flatMap({ RedisURL($0) }), let shown = RedisURL(url.description) {
            try hold(shown.place == url.place && shown.isSecure == url.isSecure && shown.database == url.database, "the shown URL is the same place")
            try hold(shown.user == nil && shown.password == nil, "the shown URL has no login")
        }
        guard let url = environment["DATABASE_URL"].flatMap({ PostgresURL($0) }) else { return }
        do {
            let parsed = try ConnectionURL(url.text)
            try hold(!parsed.places.isEmpty, "a URL names a place")
            try hold(parsed.places.allSatisfy { $0.port.isEmpty || UInt16($0.port) ?? 0 > 0 }, "ports are within their bounds")
            try hold(parsed.connectTimeout.map { (Duration.seconds(1)...(.seconds(60))).contains($0) } ?? true, "the time to connect is bounded")
        } catch let error as PostgresError {
            // What is no password may be repeated, such as the name of a parameter.
            let isPassword = url.text.ranges(of: secret).count == 1 && [":\(secret)@", "password=\(secret)"].contains { url.text.contains($0) }
            try hold(!isPassword || !error.description.contains(secret), "no password is repeated")
        }
    }

    private static func holdAddresses(_ text: String) throws(BrokenClaim) {
        if let address = IPAddress(text) { try hold(IPAddress(address.description) == address, "an address is read back") }
        guard let list = AddressList(text), let first = text.split(separator: ",").first, let address = IPAddress(first) else { return }
        try hold(list.contains(address), "a list has its own addresses")
        _ = list.client(of: address, forwarded: text.split(separator: ","))
    }
}
