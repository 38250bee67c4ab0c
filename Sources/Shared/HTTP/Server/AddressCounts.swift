internal import Configuration
internal import EventLoop

/// How many connections each address has. The addresses of trusted proxies do not count, because behind each of them are many clients.
@ServiceActor
final class AddressCounts {
    private let limit: Int?
    private let exempt: AddressList
    private var counts: [IPAddress: Int] = [:]

    init(limit: Int?, exempt: AddressList) {
        self.limit = limit
        self.exempt = exempt
    }

    func isFull(_ address: IPAddress) -> Bool {
        guard let limit, !exempt.contains(address) else { return false }
        return counts[address.owner, default: 0] >= limit
    }

    func enter(_ address: IPAddress) {
        guard limit != nil, !exempt.contains(address) else { return }
        counts[address.owner, default: 0] += 1
    }

    func leave(_ address: IPAddress) {
        guard limit != nil, let count = counts[address.owner] else { return }
        counts[address.owner] = count > 1 ? count - 1 : nil
    }
}
