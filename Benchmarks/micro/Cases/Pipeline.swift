internal import EventLoop
internal import Orders
internal import Pipeline

extension Case {
    /// The life of an order in Redis as far as to a stage, 64 orders in one call of a script. All orders take one stage before the first takes the
    /// next.
    static let pipeline = [
        life("life-accepted") { life, count in try await life.accept(count) },
        life("life-routed") { life, count in
            try await life.accept(count)
            try await life.route(count)
        },
        life("life-confirmed") { life, count in
            try await life.accept(count)
            try await life.route(count)
            try await life.execute(count)
        },
        life("life-stored") { life, count in
            try await life.accept(count)
            try await life.route(count)
            try await life.execute(count)
            try await life.store(count)
        },
    ]

    private static func life(_ name: String, _ body: @escaping @Sendable @ServiceActor (OrderLives, Int) async throws -> Void) -> Case {
        Case(name: name) { count in
            let lives = try OrderLives()
            try await lives.open()
            try await body(lives, count)
            await lives.close()
        }
    }
}
