import Testing

@testable import Configuration

@Suite struct ConnectionURLTests {
    @Test(
        arguments: [
            ("redis://redis", "redis", 6379, nil, nil, 0),
            ("redis://127.0.0.1:6380/3", "127.0.0.1", 6380, nil, nil, 3),
            ("redis://redis/", "redis", 6379, nil, nil, 0),
            ("redis://:pass@redis:1", "redis", 1, nil, "pass", 0),
            ("redis://engine:p%40ss%2F:x@redis", "redis", 6379, "engine", "p@ss/:x", 0),
            ("redis://:@redis", "redis", 6379, nil, nil, 0),
            ("redis://@redis", "redis", 6379, nil, nil, 0),
            ("redis://default@redis", "redis", 6379, nil, nil, 0),
            ("redis://default:@redis:1/2", "redis", 1, nil, nil, 2),
            ("redis://default:x@redis", "redis", 6379, "default", "x", 0),
            ("redis://engine@redis", "redis", 6379, "engine", nil, 0),
            ("redis://:a@b@redis", "redis", 6379, nil, "a@b", 0),
            ("redis://[::1]", "::1", 6379, nil, nil, 0),
            ("redis://[fe80::2]:7000/1", "fe80::2", 7000, nil, nil, 1),
            ("rediss://engine:x@redis.example:6380/2", "redis.example", 6380, "engine", "x", 2),
        ] as [(String, String, UInt16, String?, String?, Int)])
    func `a Redis URL is taken apart`(text: String, host: String, port: UInt16, user: String?, password: String?, database: Int) throws {
        let url = try #require(RedisURL(text))
        #expect(url.place == .host(RedisURL.Host(host, port: port)))
        #expect(url.isSecure == text.hasPrefix("rediss:"))
        #expect(url.user == user)
        #expect(url.password?.text == password)
        #expect(url.database == database)
    }

    @Test(
        arguments: [
            ("redis+unix:///run/redis.sock", "/run/redis.sock", nil, nil, 0),
            ("redis+unix://engine:x@/run/redis%20%40%3F.sock?db=3", "/run/redis @?.sock", "engine", "x", 3),
            ("redis+unix://:x@/s?db=", "/s", nil, "x", 0),
        ] as [(String, String, String?, String?, Int)])
    func `the URL of a Unix socket is taken apart`(text: String, path: String, user: String?, password: String?, database: Int) throws {
        let url = try #require(RedisURL(text))
        #expect(url.place == .socket(path: path) && !url.isSecure)
        #expect(url.user == user && url.password?.text == password && url.database == database)
        #expect(RedisURL(url.description)?.place == url.place && RedisURL(url.description)?.database == database)
    }

    @Test(
        arguments: [
            ("redis+sentinel://a,b:1,[::1]:2/main", ["a:26379", "b:1", "[::1]:2"], "main", 0),
            ("rediss+sentinel://engine:x@a/main%20one/3", ["a:26379"], "main one", 3),
        ] as [(String, [String], String, Int)])
    func `the URL of Sentinels is taken apart`(text: String, hosts: [String], name: String, database: Int) throws {
        let url = try #require(RedisURL(text))
        guard case .sentinels(let found, name) = url.place else { throw MissingSentinels() }
        #expect(found.map(\.description) == hosts && url.database == database && url.isSecure == text.hasPrefix("rediss"))
        #expect(RedisURL(url.description)?.place == url.place)
        #expect(url.sentinel(found[0]) == RedisURL("\(url.isSecure ? "rediss" : "redis")://\(hosts[0])"))
    }

    private struct MissingSentinels: Error {}

    @Test(
        arguments: [
            ("redis+cluster://a,b:1,[::1]:2", ["a:6379", "b:1", "[::1]:2"]), ("rediss+cluster://engine:x%40y@a:7000/", ["a:7000"]),
            ("redis+cluster://a/0", ["a:6379"]),
        ] as [(String, [String])])
    func `the URL of a cluster is taken apart, and its nodes have its login`(text: String, hosts: [String]) throws {
        let url = try #require(RedisURL(text))
        guard case .cluster(let found) = url.place else { throw MissingSentinels() }
        #expect(found.map(\.description) == hosts && url.database == 0 && url.isCluster && url.isSecure == text.hasPrefix("rediss"))
        #expect(RedisURL(url.description)?.place == url.place && !url.description.contains("x@y"))
        let node = url.node(found[0])
        #expect(node.place == .host(found[0]) && node.isSecure == url.isSecure && node.user == url.user && node.password == url.password)
    }

    @Test(arguments: [
        "redis+cluster://", "redis+cluster://a,", "redis+cluster://a/1", "redis+cluster://a/x", "redis+cluster://a:0,b",
        "redis+cluster://" + Array(repeating: "a", count: 17).joined(separator: ","),
        "redis+sentinel://a", "redis+sentinel://a/", "redis+sentinel:///main", "redis+sentinel://a,/main", "redis+sentinel://a/main/x",
        "redis+sentinel://a/main/1/2", "redis+sentinel://" + Array(repeating: "a", count: 17).joined(separator: ",") + "/main",
        "", "redis://", "redis:/host", "rediss:/host", "rediss://", "http://host", "redis+unix://", "redis+unix://path", "redis+unix:///s?base=1",
        "redis+unix:///s?db=x", "redis+unix:///s?db=9999", "redis+unix:///s#a", "redis+unix:///%00",
        "redis+unix:///" + String(repeating: "s", count: 107),
        "redis://host:0", "redis://host:65536", "redis://host:", "redis://host:x",
        "redis://host/x", "redis://host/0/1", "redis://host/9999", "redis://us%er@host", "redis://:%4@host",
        "redis://:%ff@host", "redis://::1", "redis://[::1", "redis://ho st", "redis://host?db=1", "redis://:pass@", "redis://:6379",
    ])
    func `a Redis URL in another form is none`(text: String) { #expect(RedisURL(text) == nil) }

    @Test func `connection URLs show no secret when printed`() throws {
        let redis = try #require(RedisURL("redis://engine:hunter2@[::1]:7000/1"))
        #expect("\(redis)" == "redis://[::1]:7000/1")
        #expect("\(try #require(RedisURL("rediss://engine:hunter2@redis")))" == "rediss://redis:6379/0")
        #expect("\(try #require(RedisURL("redis+unix://engine:hunter2@/a b%25?db=1".replacing(" ", with: "%20"))))" == "redis+unix:///a%20b%25?db=1")
        let postgres = try #require(PostgresURL("postgresql://engine:hunter2@db:5432/orders?sslmode=require"))
        #expect(!"\(postgres) \(String(reflecting: postgres))".contains("hunter2"))
    }

    @Test(arguments: ["", "postgres://", "postgres:/db", "mysql://db", "host=db", "postgres://d\nb", "jdbc:postgresql://db/o"])
    func `a Postgres URL in another form is none`(text: String) { #expect(PostgresURL(text) == nil) }

    @Test(arguments: [
        ("jdbc:postgresql://db/orders?user=u", "leave out \"jdbc:\""), ("postgresql+asyncpg://u:hunter2@db/orders", "write postgresql://"),
        ("postgres+psycopg2://u:hunter2@db/orders", "write postgres://"), ("mysql://u:hunter2@db/orders", "must be postgres://"),
        ("postgres://u:hunter2@db/or\nders", "line break"), ("postgres://", "must be postgres://"),
    ])
    func `a URL for another program is refused with what to write instead`(text: String, advice: String) {
        var reader = SettingsReader(environment: ["DATABASE_URL": text])
        _ = reader.value(Settings.database)
        let error = #expect(throws: ConfigurationError.self) { try reader.finish() }
        #expect(error?.description.contains(advice) == true && error?.description.contains("hunter2") == false)
    }

    @Test(arguments: ["postgres://u:p@ss/100% #@db/orders", "POSTGRESQL://u:p@db/orders", " postgres://u:p@db/orders\n"])
    func `a Postgres URL may have any password, and white space around it`(text: String) throws {
        let url = try #require(PostgresURL(text))
        #expect(!url.text.contains("\n") && url.text.first != " ")
    }
}
