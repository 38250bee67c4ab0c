internal import Orders
internal import Synchronization

extension WorkEntry {
    /// The largest size of an entry's names and values, in bytes. A newer version may add fields, but no work entry ever comes near this.
    private static let maxBytes = 4_096

    /// Reads an entry of a work stream: `id`, a UUID in lower case, and `round`, from 1. Nil for anything else.
    convenience init?(_ entry: StreamEntry, options: WorkerOptions, partition: Int) {
        guard let fields = entry.fields, fields.reduce(0, { $0 + $1.key.utf8.count + $1.value.utf8.count }) <= Self.maxBytes,
            let text = fields["id"], let id = OrderID(parsing: text), id.description == text,
            let round = fields["round"].flatMap({ Int($0) }), round >= 1
        else { return nil }
        self.init(
            stage: options.stage, partition: partition, entry: entry.id, orderID: id, round: round, consumer: options.consumer,
            deliveries: entry.deliveries, token: String(Self.tokens.wrappingAdd(1, ordering: .relaxed).newValue, radix: 36))
    }

    /// A random start and a count: the kernel is asked for a random number once, not for each delivery.
    private static let tokens = Atomic(UInt64.random(in: .min ... .max))
}
