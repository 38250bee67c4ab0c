import Redis
import TestSupport

extension Engine {
    /// The name of a process as a consumer, from its log.
    func name(of service: StackService, _ number: Int = 1) -> String {
        let fields = lines(service, number).first?.split(separator: ",").map { $0.split(separator: "\"") } ?? []
        return fields.first { $0.first == "instance" }?.last.map(String.init) ?? ""
    }

    /// How many entries of a stream each consumer of a service has in hand.
    func holders(_ service: StackService, of stream: String) async throws -> [String: Int] {
        let reply = try await redis.send(["XPENDING", "orders:{0}:\(stream)", service.rawValue])
        let rows = reply.array?.last?.array ?? []
        let pairs = rows.compactMap { row in (row.array?.first?.string).map { ($0, row.array?.last?.string.flatMap { Int($0) } ?? 0) } }
        return Dictionary(uniqueKeysWithValues: pairs)
    }

    /// The number of that of two replicas which has more entries in hand: orders that come together may all go to one.
    func busier(_ service: StackService, of stream: String) async throws -> Int {
        let held = try await holders(service, of: stream)
        return held[name(of: service, 1), default: 0] > held[name(of: service, 2), default: 0] ? 1 : 2
    }
}
