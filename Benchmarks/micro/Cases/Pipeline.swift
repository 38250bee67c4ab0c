internal import EventLoop

extension Case {
    /// The life of an order in Redis as far as to a milestone, 64 orders in one call of a script. All orders reach one before the first goes on
    /// to the next.
    static let pipeline = OrderLives.Milestone.allCases.indices.map { last in
        let milestones = OrderLives.Milestone.allCases[...last]
        return Case(name: "life-\(milestones[last])") { count in
            let redis = try EngineRedis()
            try await redis.open()
            let lives = try OrderLives(redis)
            for milestone in milestones { try await lives.reach(milestone, count) }
            await redis.close()
        }
    }
}
