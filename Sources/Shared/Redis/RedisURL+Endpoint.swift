internal import Configuration

extension RedisURL {
    /// Where the server is: host and port, the path of its socket, or its name among Sentinels. A log may show it.
    var endpoint: String {
        switch place {
        case .host(let host): host.description
        case .socket(let path): path
        case .sentinels(let hosts, let name): "\(name) of the Sentinels \(hosts.map(\.description).joined(separator: ", "))"
        }
    }
}
