import Configuration
import Testing

/// Whatever stands where a setting has a number, it is read or refused.
struct ExtremeSettingsTests {
    private static let values = [
        "-9223372036854775809", "-9223372036854775808", "-1", "-0", "0", "1", "1-0", "0-18446744073709551615", "9223372036854775807-1",
        "9007199254740992", "9223372036854775807", "9223372036854775807GiB", "9223372036854775808", "18446744073709551615", "18446744073709551616MiB",
        "1e400", "0.000000000000000000001", "0.9999999999999999999999", "1e-400", "NaN", "Infinity", " 1", "1 ", "+1", "٣", "0x7f",
        String(repeating: "9", count: 10_000), "0." + String(repeating: "9", count: 10_000), String(repeating: "0", count: 10_000) + "1",
    ]

    private func check(_ names: [SettingDescription], _ load: ([String: String]) throws -> Void) {
        for setting in names {
            for value in Self.values {
                var environment = ["DATABASE_URL": "postgres://engine:secret@db/orders"]
                environment[setting.name] = value
                do {
                    try load(environment)
                } catch {
                    let text = "\(error)"
                    #expect(
                        error is ConfigurationError && text.contains(setting.name) && text.utf8.count < 1000,
                        "\(setting.name)=\(value.prefix(50)): \(text)")
                }
            }
        }
    }

    @Test func `any number in any setting is read, or refused with its name`() {
        check(GatewaySettings.descriptions) { _ = try GatewaySettings.load(environment: $0) }
        check(RouterSettings.descriptions) { _ = try RouterSettings.load(environment: $0) }
        check(ExecutorSettings.descriptions) { _ = try ExecutorSettings.load(environment: $0) }
        check(NotifierSettings.descriptions) { _ = try NotifierSettings.load(environment: $0) }
    }
}
