import Testing

@testable import Pipeline

struct RendezvousTests {
    private let rendezvous = Rendezvous(group: "router", partitions: 256)

    private func names(_ count: Int) -> [String] { (0..<count).map { "router-host-\(String($0 * 7_919 + 11, radix: 36))" } }

    /// Each partition with those that serve it.
    private func shares(_ names: [String], partitions: Int = 256) -> [[String]] {
        (0..<partitions).map { rendezvous.servers(of: $0, among: names) }
    }

    private func load(_ shares: [[String]]) -> [String: Int] { shares.joined().reduce(into: [:]) { $0[$1, default: 0] += 1 } }

    @Test func `a partition is served by two different processes, or by all if there are no more`() {
        for count in 0...5 {
            for servers in shares(names(count)) { #expect(Set(servers).count == min(2, count) && servers.count == min(2, count)) }
        }
    }

    @Test func `in whatever order a process has heard of the others, it finds the same ones`() {
        let names = names(20)
        #expect(shares(names) == shares(names.reversed()))
        #expect(shares(names) == shares(Array(Set(names))))
    }

    @Test func `256 partitions are spread evenly over 20 processes, and the first places too`() {
        let shares = shares(names(20))
        let load = load(shares).values
        // The mean is 25.6, and a throw of dice strays from it by 4.8.
        #expect(load.count == 20 && load.min() ?? 0 >= 13 && load.max() ?? 0 <= 38, "\(load.sorted())")
        let first = self.load(shares.map { Array($0.prefix(1)) }).values
        #expect(first.count == 20 && first.min() ?? 0 >= 5 && first.max() ?? 0 <= 24, "\(first.sorted())")
    }

    @Test func `when one of 20 leaves only its own share moves, and when it comes back as much`() {
        let names = names(20)
        let before = shares(names)
        for gone in names {
            let after = shares(names.filter { $0 != gone })
            let moved = zip(before, after).reduce(0) { $0 + Set($1.1).subtracting($1.0).count }
            #expect(moved == load(before)[gone])
            for (old, new) in zip(before, after) where !old.contains(gone) { #expect(old == new) }
        }
    }

    @Test(arguments: [1, 2, 4, 8, 16, 64])
    func `with more processes than partitions nearly every process still has a partition, and no partition more than it needs`(partitions: Int) {
        for count in [2, 6, 20, 40] {
            let names = names(count)
            let draw = Rendezvous(group: "router", partitions: partitions)
            let shares = (0..<partitions).map { draw.servers(of: $0, among: names) }
            #expect(shares.allSatisfy { $0.count >= 2 && $0.count == shares[0].count })
            #expect(load(shares).count * 10 >= count * 9, "\(load(shares).count) of \(count)")
            #expect(shares.joined().count <= max(2 * partitions, 4 * count + partitions))
        }
    }

    @Test func `the groups of a partition are served by processes of their own draw`() {
        let names = names(20)
        let other = Rendezvous(group: "executor", partitions: 256)
        let equal = (0..<256).count { rendezvous.servers(of: $0, among: names) == other.servers(of: $0, among: names) }
        #expect(equal < 10)
    }

    @Test func `every version draws alike, so that processes of two of them agree`() {
        #expect(rendezvous.servers(of: 0, among: ["a", "b", "c", "d", "e"]) == ["c", "a"])
        #expect(rendezvous.servers(of: 77, among: ["a", "b", "c", "d", "e"]) == ["e", "c"])
    }
}
