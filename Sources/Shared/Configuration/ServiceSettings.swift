/// The settings of a service. A member without a comment is the setting of that name in `Settings`, which has its meaning, unit and range.
public protocol ServiceSettings: Sendable {
    static var serviceName: String { get }
    /// The settings that every service has.
    var common: CommonSettings { get }
    /// Reads every setting of the service. Mistakes are collected in the reader.
    init(reading reader: inout SettingsReader)
}

extension ServiceSettings {
    /// Reads the settings from an environment.
    /// - Throws: ``ConfigurationError`` with every mistake.
    public static func load(environment: [String: String]) throws(ConfigurationError) -> Self {
        var reader = SettingsReader(environment: environment)
        let settings = Self(reading: &reader)
        try reader.finish()
        return settings
    }

    /// The settings that the service reads, in the order of reading.
    public static var descriptions: [SettingDescription] {
        var reader = SettingsReader(environment: [:])
        _ = Self(reading: &reader)
        return reader.descriptions
    }
}
