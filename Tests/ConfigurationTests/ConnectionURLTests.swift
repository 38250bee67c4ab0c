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
        ] as [(String, String, Int, String?, String?, Int)])
    func `a Redis URL is taken apart`(text: String, host: String, port: Int, user: String?, password: String?, database: Int) throws {
        let url = try #require(RedisURL(text))
        #expect(url.host == host)
        #expect(url.port == port)
        #expect(url.user == user)
        #expect(url.password?.text == password)
        #expect(url.database == database)
    }

    @Test(arguments: [
        "", "redis://", "redis:/host", "rediss://host", "http://host", "redis://host:0", "redis://host:65536", "redis://host:", "redis://host:x",
        "redis://host/x", "redis://host/0/1", "redis://host/9999", "redis://us%er@host", "redis://:%4@host",
        "redis://:%ff@host", "redis://::1", "redis://[::1", "redis://ho st", "redis://host?db=1", "redis://:pass@", "redis://:6379",
    ])
    func `a Redis URL in another form is none`(text: String) { #expect(RedisURL(text) == nil) }

    @Test func `connection URLs show no secret when printed`() throws {
        let redis = try #require(RedisURL("redis://engine:hunter2@[::1]:7000/1"))
        #expect("\(redis)" == "redis://[::1]:7000/1")
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
