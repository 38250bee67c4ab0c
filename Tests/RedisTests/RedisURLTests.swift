import Redis
import Testing

struct RedisURLTests {
    @Test(arguments: [
        ("redis://localhost", "localhost", 6379, nil, nil, 0),
        ("redis://localhost/", "localhost", 6379, nil, nil, 0),
        ("redis://10.0.0.1:6380/3", "10.0.0.1", 6380, nil, nil, 3),
        ("redis://:secret@redis:6379/0", "redis", 6379, nil, "secret", 0),
        ("redis://app:p%40ss%2Fw%3Ard@redis/1", "redis", 6379, "app", "p@ss/w:rd", 1),
        ("redis://app:a@b@redis", "redis", 6379, "app", "a@b", 0),
        ("redis://[::1]:7000/2", "::1", 7000, nil, nil, 2),
        ("redis://[::1]", "::1", 6379, nil, nil, 0),
    ])
    func `a URL gives its parts`(text: String, host: String, port: Int, user: String?, password: String?, database: Int) throws {
        let url = try RedisURL(text)
        #expect(url.host == host && Int(url.port) == port && url.database == database)
        #expect(url.user == user && url.password == password)
    }

    @Test(arguments: [
        "", "localhost:6379", "rediss://localhost", "redis://", "redis://:6379", "redis://host:0", "redis://host:70000", "redis://host:x",
        "redis://host/x", "redis://host/-1", "redis://secret@host", "redis://user:@host", "redis://:%zz@host", "redis://:%4@host", "redis://[::1]x",
    ])
    func `what is no URL is refused`(text: String) { #expect(throws: RedisURL.Malformed.self) { try RedisURL(text) } }

    @Test func `neither a description nor an error shows the password`() throws {
        #expect(try "\(RedisURL("redis://app:hunter2@redis:1234/5"))" == "redis://redis:1234/5")
        #expect(try "\(RedisURL("redis://[::1]:1234"))" == "redis://[::1]:1234/0")
        for text in ["redis://:hunter2@redis:x", "redis://:hunter2@", "redis://:hunter2%@redis", "redis://hunter2@redis"] {
            let error = #expect(throws: RedisURL.Malformed.self) { try RedisURL(text) }
            #expect(error?.description.contains("hunter2") == false)
        }
    }
}
