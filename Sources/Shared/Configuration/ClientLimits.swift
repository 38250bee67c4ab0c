/// The settings of the HTTP server: what one client may cost.
public struct ClientLimits: Sendable, Equatable {
    public let adminPort: Int?
    public let maxHeaders: Int
    public let maxHeaderBytes: Int
    public let maxBodyBytes: Int
    public let headerTimeout: Duration
    public let bodyTimeout: Duration
    /// Bytes a second.
    public let minDrainRate: Int?
    public let connectionsPerAddress: Int?
    public let trustedProxies: AddressList

    init(reading reader: inout SettingsReader, port: Int) {
        adminPort = reader.value(Settings.adminPort)
        maxHeaders = reader.value(Settings.maxHeaders)
        maxHeaderBytes = reader.value(Settings.maxHeaderBytes)
        maxBodyBytes = reader.value(Settings.maxBody)
        headerTimeout = reader.value(Settings.headerTimeout)
        bodyTimeout = reader.value(Settings.bodyTimeout)
        minDrainRate = reader.value(Settings.minDrainRate)
        connectionsPerAddress = reader.value(Settings.connectionsPerAddress)
        trustedProxies = reader.value(Settings.trustedProxies)
        reader.require(adminPort == nil || adminPort != port, among: ["ADMIN_PORT", "PORT"], "ADMIN_PORT must be another port than PORT")
    }
}
