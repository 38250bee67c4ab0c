internal import Configuration

extension RedisURL {
    /// Host and port: what a log may show.
    var endpoint: String { (host.contains(":") ? "[\(host)]" : host) + ":\(port)" }
}
