internal import Access
internal import EventLoop
internal import ServiceKit

/// The sockets and streams of holders of keys. They end soon after their key is taken out of the file or its time is over.
@ServiceActor
final class Holders {
    private static let interval = Duration.seconds(1)

    private struct Place {
        let principal: Principal
        let end: @ServiceActor () -> Void
    }

    private let access: AccessGate
    private var places: [UInt64: Place] = [:]
    private var last: UInt64 = 0

    init(access: AccessGate) { self.access = access }

    /// Watches the key of a caller until `leave` is called with the returned number. `end` is called once if the key is not valid any more. Nil for a
    /// caller without a key: a token ends with its order.
    func enter(_ principal: Principal, end: @escaping @ServiceActor () -> Void) -> UInt64? {
        guard !principal.name.isEmpty else { return nil }
        last += 1
        places[last] = Place(principal: principal, end: end)
        return last
    }

    func leave(_ number: UInt64?) { if let number { places[number] = nil } }

    /// Looks at the keys until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            try? await sleep(for: Self.interval)
            for (number, place) in places where !access.isValid(place.principal) {
                places[number] = nil
                place.end()
            }
        }
    }
}
