/// Who may use the engine, and from which pages.
public struct AccessSettings: Sendable, Equatable {
    /// The file with the API keys; nil if anyone who reaches the engine may do everything.
    public let keysFile: String?
    /// Names of the engine in a request's `Host`, besides those that are always right.
    public let hosts: Set<String>
    /// Origins of pages that may use the engine, besides its own.
    public let origins: Set<String>

    /// How often one caller may ask.
    public let rates: RateSettings

    public init(reading reader: inout SettingsReader) {
        rates = RateSettings(reading: &reader)
        keysFile = reader.value(Settings.keysFile)
        hosts = Set(reader.value(Settings.allowedHosts))
        origins = Set(reader.value(Settings.allowedOrigins))
    }
}
