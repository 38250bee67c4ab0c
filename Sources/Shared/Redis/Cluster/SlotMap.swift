internal import Configuration

/// What master of a cluster has each slot.
struct SlotMap: Sendable {
    /// The masters that have slots.
    let masters: [RedisURL.Host]
    /// For each slot the place of its master in `masters`; -1 for a slot that none has.
    private let owners: [Int16]

    /// The place in `masters` of the master that has a slot; nil if none has it.
    func owner(of slot: Int) -> Int? { owners[slot] < 0 ? nil : Int(owners[slot]) }

    /// The master of a slot; nil if none has it.
    subscript(slot: Int) -> RedisURL.Host? { owner(of: slot).map { masters[$0] } }

    /// Reads the answer to CLUSTER SLOTS. Nil if it is none, or if no node has a slot.
    ///
    /// CLUSTER SHARDS is the newer command, but every version has this one, and it names the port that fits the connection, with TLS or without.
    ///
    /// - Parameter asked: the name of the node that has answered. A node that does not know its own address gives none.
    init?(_ reply: RedisValue, asked: String) {
        guard let ranges = reply.array else { return nil }
        var places: [RedisURL.Host: Int16] = [:]
        var masters: [RedisURL.Host] = []
        var owners = [Int16](repeating: -1, count: HashSlot.count)
        for range in ranges {
            guard let parts = range.array, parts.count >= 3, let first = parts[0].integer, let last = parts[1].integer,
                0 <= first, first <= last, last < HashSlot.count, let master = Self.host(parts[2], asked)
            else { return nil }
            if places[master] == nil {
                places[master] = Int16(masters.count)
                masters.append(master)
            }
            for slot in first...last { owners[Int(slot)] = places[master]! }
        }
        guard !masters.isEmpty, masters.count < Int(Int16.max) else { return nil }
        (self.masters, self.owners) = (masters, owners)
    }

    private static func host(_ value: RedisValue, _ asked: String) -> RedisURL.Host? {
        guard let node = value.array, node.count >= 2, let port = node[1].integer, 1...65_535 ~= port else { return nil }
        return RedisURL.Host(Self.name(node[0].string, asked), port: UInt16(port))
    }

    /// A host as a node names it: nothing and `?` stand for the address at which it was asked.
    static func name(_ text: String?, _ asked: String) -> String { text == nil || text == "" || text == "?" ? asked : text! }
}
