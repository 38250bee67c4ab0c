import Testing

@testable import Configuration

@Suite struct SettingKindsTests {
    private func refusal<Value>(of setting: Setting<Value>, for text: String) -> String? {
        var reader = SettingsReader(environment: [setting.description.name: text])
        _ = reader.value(setting)
        do {
            try reader.finish()
            return nil
        } catch {
            return error.mistakes.first?.message
        }
    }

    private func value<Value>(of setting: Setting<Value>, for text: String) throws -> Value {
        var reader = SettingsReader(environment: [setting.description.name: text])
        let value = reader.value(setting)
        try reader.finish()
        return value
    }

    @Test(arguments: ["0", "257", "-1", "+1", " 1", "1 ", "1e2", "0x1", "1_0", "٣", "99999999999999999999"])
    func `a whole number out of range or in another form is refused`(text: String) {
        #expect(refusal(of: Settings.partitions, for: text) == "PARTITIONS=\"\(text)\" must be a whole number from 1 to 256")
    }

    @Test func `zero switches off what says so, and its range still holds`() throws {
        #expect(try value(of: Settings.ordersPerMinute, for: "0") == nil)
        #expect(try value(of: Settings.ordersPerMinute, for: "1") == 1)
        #expect(refusal(of: Settings.ordersPerMinute, for: "10000001")?.contains("from 1 to 10000000, or 0 for no limit") == true)
        #expect(try value(of: Settings.eventsRetention, for: "2") == .seconds(172_800))
    }

    @Test(arguments: [("200", 200...200), ("2000-3000", 2000...3000), ("0-0", 0...0)])
    func `a latency is one number or a range`(text: String, range: ClosedRange<Int>) throws {
        #expect(try value(of: Settings.mockSwapLatency, for: text) == range)
    }

    @Test(arguments: ["3000-2000", "-", "1-", "-1", "1-2-3", "1 - 2", "1..2", "600001", "0-600001"])
    func `a latency in another form is refused`(text: String) {
        #expect(refusal(of: Settings.mockSwapLatency, for: text)?.contains("one number or a range") == true)
    }

    @Test(arguments: [("0", 0), ("1", 1_000_000), ("0.05", 50_000), ("0.000001", 1), ("1.000000", 1_000_000), ("0.2", 200_000)])
    func `a rate is kept in parts per million`(text: String, parts: Int) throws {
        #expect(try value(of: Settings.retryJitter, for: text) == Rate(partsPerMillion: parts))
    }

    @Test(arguments: ["1.000001", "2", "-0.1", ".5", "1.", "0.0000001", "5%", "1e-1", "", "0,5", "0.1.2"])
    func `a rate in another form is none`(text: String) { #expect(Rate(text) == nil) }

    @Test(arguments: [(0, "0"), (1, "0.000001"), (50_000, "0.05"), (999_999, "0.999999"), (1_000_000, "1")])
    func `a rate prints what reads back to it`(parts: Int, text: String) {
        #expect(Rate(partsPerMillion: parts).description == text)
        #expect(Rate(text) == Rate(partsPerMillion: parts))
    }

    @Test(arguments: [("4096", 4096), ("4KiB", 4096), ("1MiB", 1_048_576), ("128", 128)])
    func `a size may have a unit`(text: String, bytes: Int) throws { #expect(try value(of: Settings.socketMaxMessage, for: text) == bytes) }

    @Test(arguments: ["127", "2MiB", "4KB", "KiB", "4 KiB", "9007199254740993MiB"])
    func `a size out of range or in another unit is refused`(text: String) {
        #expect(refusal(of: Settings.socketMaxMessage, for: text)?.contains("must be a size from 128 to 1MiB") == true)
    }

    @Test(arguments: ["127.0.0.1", "::", "::1", "10.1.2.3"])
    func `an address is numeric`(text: String) throws { #expect(try value(of: Settings.bind, for: text) == text) }

    @Test(arguments: ["localhost", "1.2.3", "256.1.1.1", "[::1]", "0.0.0.0:80"])
    func `an address in another form is refused`(text: String) {
        #expect(refusal(of: Settings.bind, for: text)?.contains("must be an IPv4 or IPv6 address") == true)
    }

    @Test func `a public URL loses its last slash`() throws {
        #expect(try value(of: Settings.publicURL, for: "https://orders.example/") == "https://orders.example")
        #expect(try value(of: Settings.publicURL, for: "http://localhost:3000") == "http://localhost:3000")
    }

    @Test(arguments: ["localhost:3000", "ws://host", "http://", "https:///x", "http://u@h", "http://h?q", "http://h#f", "http://h x"])
    func `a public URL in another form is refused`(text: String) {
        #expect(refusal(of: Settings.publicURL, for: text)?.contains("must be an http or https URL") == true)
    }

    @Test(arguments: [
        ("INFO", LogLevel.info), ("Debug", .debug), ("warn", .warning), ("WARNING", .warning), ("trace", .debug), ("notice", .info),
        ("critical", .error), ("FATAL", .error), ("error", .error),
    ])
    func `a log level is known by each of its names, in any case`(text: String, level: LogLevel) throws {
        #expect(try value(of: Settings.logLevel, for: text) == LogLevelChoice(level: level, remark: nil))
    }

    @Test func `an unknown log level is said and keeps nobody from starting`() throws {
        let settings = try RouterSettings.load(environment: ["LOG_LEVEL": "loud"])
        #expect(settings.common.logLevel == .info)
        #expect(settings.common.remarks == ["LOG_LEVEL=\"loud\" is none of debug, info, warning, error; info is used"])
        #expect(try RouterSettings.load(environment: ["LOG_LEVEL": "WARN"]).common.remarks == [])
    }

    @Test func `words and units may be written in any case`() throws {
        #expect(try value(of: Settings.logFormat, for: "JSON") == .json)
        #expect(try value(of: Settings.venues, for: "Live") == .live)
        #expect(try value(of: Settings.routing, for: "SPLIT") == .split)
        #expect(try value(of: Settings.socketMaxMessage, for: "4kib") == 4096)
        #expect(try value(of: Settings.publicURL, for: "HTTPS://orders.example/") == "https://orders.example")
    }
}
