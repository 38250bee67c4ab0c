internal import Orders

/// The last 2,000 to 4,000 orders that were inserted.
struct RecentOrders {
    private static let generation = 2048

    private var recent: Set<OrderID> = []
    private var older: Set<OrderID> = []

    mutating func insert(_ id: OrderID) {
        recent.insert(id)
        guard recent.count >= Self.generation else { return }
        older = recent
        recent = []
    }

    func contains(_ id: OrderID) -> Bool { recent.contains(id) || older.contains(id) }
}
