internal import Configuration

extension RedisURL {
    /// Where the server is: host and port, the path of its socket, its name among Sentinels, or nodes of its cluster. A log may show it.
    var endpoint: String {
        switch place {
        case .host(let host): host.description
        case .socket(let path): path
        case .cluster(let hosts): "a cluster with \(hosts.map(\.description).joined(separator: ", "))"
        case .sentinels(let hosts, let name): "\(name) of the Sentinels \(hosts.map(\.description).joined(separator: ", "))"
        }
    }

    /// The name or address of the server; empty where the URL names no one host.
    var hostName: String { if case .host(let host) = place { host.name } else { "" } }
}
