internal import Configuration
internal import HTTP

extension HTTPServerOptions {
    /// Takes over what the settings say about clients.
    mutating func use(_ limits: ClientLimits) {
        headerLimit = limits.maxHeaders
        headLimit = limits.maxHeaderBytes
        bodyLimit = limits.maxBodyBytes
        headDeadline = limits.headerTimeout
        bodyDeadline = limits.bodyTimeout
        minDrainRate = limits.minDrainRate
        connectionsPerAddress = limits.connectionsPerAddress
        trustedProxies = limits.trustedProxies
    }

    /// The limits of a listener for probes, which few clients use, each for a moment.
    static var probes: HTTPServerOptions {
        var options = HTTPServerOptions()
        options.bodyLimit = 1024
        options.headDeadline = .seconds(5)
        options.bodyDeadline = .seconds(5)
        options.keepAlive = .seconds(10)
        options.maxConnections = 64
        options.maxSockets = 0
        return options
    }
}
