public import Orders
internal import Redis

/// A member of a set in which trailing orders wait for a new best price.
package struct TrailingMember: Sendable {
    package let member: WaitMember
    /// Where its order waits, as it was read, and how far it trails; nil if no trailing order could be read.
    package let seen: (place: WaitPlace, bps: Int)?
    /// Where the order shall wait; nil to leave it.
    package var next: WaitPlace?
}

/// Triggers that follow the best price.
extension OrderPipeline {
    /// Members with what is read of their orders.
    package func trailing(_ members: [WaitMember], in keys: Keys) async throws(PipelineError) -> [TrailingMember] {
        guard !members.isEmpty else { return [] }
        let replies = try await send(all: members.map { ["HMGET", keys.order($0.id), "w", "n", "k"] })
        return zip(members, replies).map { member, reply in
            guard let values = (try? reply.get().array)?.map({ $0.string ?? "" }), values.count == 3, let trail = WaitPlace.trail(values[2]) else {
                return TrailingMember(member: member, seen: nil)
            }
            return TrailingMember(member: member, seen: (WaitPlace(spot: values[0], renewal: values[1], trail: values[2]), trail.bps))
        }
    }

    /// Sets triggers of a set anew. One that has gone on meanwhile stays, and a member that stands for nothing goes.
    ///
    /// - Returns: how many members are as before.
    package func trail(_ members: [TrailingMember], of set: WaitSet, in keys: Keys) async throws(PipelineError) -> Int {
        let arguments = members.flatMap {
            let next = $0.next
            return [$0.member.key, $0.member.id.description, $0.seen?.place.spot ?? "", next?.spot ?? "", next?.renewal ?? "", next?.trail ?? ""]
        }
        return try await run(Scripts.trail, keys: [keys.waits, keys.waits(set)], [keys.head, set.name] + arguments).count
    }

    /// How far an order trails behind which price; nil if it does not trail.
    public func trail(of id: OrderID) async throws(PipelineError) -> (bps: Int, best: PriceLevel)? {
        try await send(["HGET", keys(of: id).order(id), "k"]).string.flatMap { WaitPlace.trail($0) }
    }
}
