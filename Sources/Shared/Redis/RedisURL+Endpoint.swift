internal import Configuration

extension RedisURL {
    /// Host and port. A log may show them.
    var endpoint: String { (host.contains(":") ? "[\(host)]" : host) + ":\(port)" }
}
