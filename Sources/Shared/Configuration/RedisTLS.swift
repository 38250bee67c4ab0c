/// The files of TLS to Redis, as paths.
public struct RedisTLS: Sendable, Hashable {
    /// The certificates that are trusted; nil for those of the system.
    public var authority: String?
    /// The engine's own certificate, for a Redis that asks its clients for one; nil for none.
    public var certificate: String?
    /// The key of the certificate.
    public var key: String?

    public init(authority: String? = nil, certificate: String? = nil, key: String? = nil) {
        (self.authority, self.certificate, self.key) = (authority, certificate, key)
    }

    init(reading reader: inout SettingsReader) {
        authority = reader.value(Settings.redisTLSAuthority)
        certificate = reader.value(Settings.redisTLSCertificate)
        key = reader.value(Settings.redisTLSKey)
        let names = ["REDIS_TLS_CERT", "REDIS_TLS_KEY"]
        reader.require((certificate == nil) == (key == nil), among: names, "REDIS_TLS_CERT and REDIS_TLS_KEY go together: set both, or none")
    }
}
