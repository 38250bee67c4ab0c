import Testing

@testable import Configuration

@Suite struct SettingsReaderTests {
    private let database = ["DATABASE_URL": "postgres://engine:secret@db/orders"]

    @Test func `every mistake is named at once, in the order of reading`() throws {
        let environment = ["PORT": "70000", "LOG_FORMAT": "loud", "MAX_ATTEMPTS": "three"]
        let error = #expect(throws: ConfigurationError.self) { try GatewaySettings.load(environment: environment) }
        #expect(error?.mistakes.map(\.name) == ["PORT", "LOG_FORMAT", "DATABASE_URL", "MAX_ATTEMPTS"])
        #expect(
            error?.description == """
                4 settings are wrong:
                  PORT="70000" must be a whole number from 0 to 65535
                  LOG_FORMAT="loud" must be one of json, text
                  DATABASE_URL must be set: postgres://user:password@host:port/database
                  MAX_ATTEMPTS="three" must be a whole number from 1 to 10
                """)
    }

    @Test(arguments: [
        ("REDIS_URL", "redis://:hunter2@redis:port"), ("DATABASE_URL", "mysql://engine:hunter2@db/orders"),
        ("JUPITER_API_KEY", "hunter2 hunter2"),
    ])
    func `a wrong secret is never shown`(name: String, text: String) {
        let environment = database.merging([name: text]) { _, new in new }
        var reader = SettingsReader(environment: environment)
        _ = GatewaySettings(reading: &reader)
        _ = RouterSettings(reading: &reader)
        let error = #expect(throws: ConfigurationError.self) { try reader.finish() }
        #expect(error?.mistakes.map(\.name) == [name])
        #expect(error?.description.contains("(value hidden)") == true)
        #expect(error?.description.contains("hunter2") == false)
    }

    @Test func `an empty variable counts as not set`() throws {
        let settings = try GatewaySettings.load(environment: database.merging(["PORT": "", "PUBLIC_URL": ""]) { $1 })
        #expect(settings.common.port == 8080)
        #expect(settings.publicURL == nil)
    }

    @Test func `what was given is shown on one short line`() throws {
        let text = "a\nb" + String(repeating: "x", count: 200)
        let error = #expect(throws: ConfigurationError.self) { try ExecutorSettings.load(environment: ["PORT": text]) }
        let message = try #require(error?.mistakes.first?.message)
        #expect(message.hasPrefix("PORT=\"a?b"))
        #expect(message.count < 130 && message.contains("…") && !message.contains("\n"))
    }

    @Test func `a rule between two settings is checked, but not on top of a wrong one`() {
        let broken = #expect(throws: ConfigurationError.self) {
            try RouterSettings.load(environment: ["RENEW_MS": "3000", "VISIBILITY_TIMEOUT_MS": "5000"])
        }
        #expect(broken?.mistakes.map(\.message) == ["RENEW_MS must be at most half of VISIBILITY_TIMEOUT_MS"])
        let wrong = #expect(throws: ConfigurationError.self) {
            try RouterSettings.load(environment: ["RENEW_MS": "3000", "VISIBILITY_TIMEOUT_MS": "x"])
        }
        #expect(wrong?.mistakes.map(\.name) == ["VISIBILITY_TIMEOUT_MS"])
    }

    @Test func `live venues are not split`() {
        let error = #expect(throws: ConfigurationError.self) { try RouterSettings.load(environment: ["ROUTING": "split", "VENUES": "live"]) }
        #expect(error?.mistakes.map(\.message) == ["ROUTING=split needs VENUES=mock: how deep the pools of live venues are is not known"])
    }
}
