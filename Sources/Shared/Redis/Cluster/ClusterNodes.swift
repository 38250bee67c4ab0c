internal import Configuration
internal import EventLoop

/// The masters of a cluster, each with a connection.
@ServiceActor
final class ClusterNodes {
    private static let retirementCheck = Duration.milliseconds(50)

    private let topology: ClusterTopology
    private let name: String
    private var nodes: [RedisURL.Host: RedisNode] = [:]
    private var running: [RedisURL.Host: Task<Void, Never>] = [:]
    /// The masters in the order of the map, so that a slot's node is found without its name.
    private var inOrder: [RedisNode] = []
    private var isClosed = false
    /// The counts of nodes that have gone.
    private var past = (commands: 0, reconnects: 0)

    /// Connections made so far, to any node.
    private(set) var connects = 0
    /// Given when a node has been connected or the masters have changed.
    let changed = LoopSignal()
    var onRoundTrip: (@ServiceActor (Double) -> Void)? { didSet { for node in nodes.values { node.onRoundTrip = onRoundTrip } } }
    var onFailure: (@ServiceActor (RedisError) -> Void)?

    init(topology: ClusterTopology, name: String) {
        (self.topology, self.name) = (topology, name)
        topology.connected = { [unowned self] in connected }
        topology.onMap.append { [weak self] in self?.take($0) }
    }

    /// The masters, sorted by their addresses.
    var masters: [RedisNode] { nodes.values.sorted { $0.endpoint < $1.endpoint } }
    var connected: [RedisNode] { nodes.values.filter(\.keeper.isReady) }
    var hasConnection: Bool { nodes.values.contains(where: \.keeper.isReady) }
    /// Why a node is not connected; nil if all are.
    var unavailable: RedisError? { nodes.values.first { !$0.keeper.isReady }?.keeper.unavailable }

    var statistics: RedisClient.Statistics {
        let all = nodes.values
        return RedisClient.Statistics(
            reconnects: all.reduce(past.reconnects) { $0 + $1.reconnects }, commands: all.reduce(past.commands) { $0 + $1.commands },
            inFlight: all.reduce(0) { $0 + $1.inFlight })
    }

    /// The node of a slot; nil if no master has it.
    func node(ofSlot slot: Int) -> RedisNode? { topology.map?.owner(of: slot).map { inOrder[$0] } }

    /// The node at an address, which an answer may name before the map does. It may not be connected yet.
    func node(at host: RedisURL.Host) -> RedisNode {
        if let node = nodes[host] { return node }
        let node = RedisNode(url: topology.url.node(host), name: name, options: topology.options)
        node.onRoundTrip = onRoundTrip
        node.keeper.onFailure = { [unowned self] in lose($0) }
        node.keeper.onReady = { [unowned self] in
            connects += 1
            changed.notify()
        }
        // After the end a node has no connection.
        guard !isClosed else { return node }
        nodes[host] = node
        running[host] = Loop.spawn { await node.run { node.info = $0 } }
        return node
    }

    /// Ends all connections.
    func close() async {
        isClosed = true
        for node in nodes.values { node.keeper.close() }
        for task in running.values { await task.value }
    }

    private func take(_ map: SlotMap) {
        inOrder = map.masters.map { node(at: $0) }
        for (host, node) in nodes where !map.masters.contains(host) { retire(node, at: host) }
        changed.notify()
    }

    private func lose(_ error: RedisError) {
        topology.outdate()
        onFailure?(error)
    }

    /// Ends the connection to a node that has no slots any more, once its commands are answered. A map may be older than the answer that has pointed
    /// a command there, so the node also keeps its connection for those who wait for it.
    private func retire(_ node: RedisNode, at host: RedisURL.Host) {
        nodes[host] = nil
        running[host] = nil
        past = (past.commands + node.commands, past.reconnects + node.reconnects)
        node.keeper.onFailure = nil
        Loop.spawn { [topology] in
            let start = MonotonicInstant.now
            while node.inFlight + node.waiting > 0, start.elapsed < topology.options.commandTimeout { try? await sleep(for: Self.retirementCheck) }
            node.keeper.close()
        }
    }
}
