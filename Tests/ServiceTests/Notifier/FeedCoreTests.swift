import Orders
import TestSupport
import Testing

@testable import NotifierService
@testable import Pipeline

/// What a feed decides, without a connection and without a clock, and what one watcher is told.
private final class Followed<Core: FeedCore> {
    private var core = Core()
    private let watcher = ObjectIdentifier(Core.self)

    var isFinal: Bool { core.isFinal }
    var isAbsent: Bool { core.absence != nil }

    /// Adds the watcher. Returns whether a read is needed.
    func add(from start: Core.Start) -> Bool { core.add(watcher, from: start) }
    func hear(_ message: String) -> Bool { core.hear(message) }
    func question() -> Core.Question { core.question() }
    func startOver() { core.startOver(watcher) }

    func read(_ answer: Core.Answer, to question: Core.Question? = nil) -> String {
        let question = question ?? core.question()
        return "\(core.take(answer, to: question))"
    }

    func next() -> Core.News? { core.next(for: watcher) }
}

extension Followed where Core == OrderFeed {
    /// Everything that the watcher is to be told now.
    func told() -> [String] {
        var result: [String] = []
        while let news = next() {
            switch news {
            case .known(_, let seq): result.append("known \(seq)")
            case .behind(let seq): result.append("behind \(seq)")
            case .replay(let events): result.append("replay " + events.map { "\($0.seq)" }.joined(separator: " "))
            case .event(let event): result.append("\(event.seq)")
            case .over, .unknown, .failed: result.append("\(news)")
            }
        }
        return result
    }
}

extension Followed where Core == UserFeed {
    /// Everything that the watcher is to be told now.
    func told() -> [String] {
        var result: [String] = []
        while let news = next() {
            switch news {
            case .known(let orders): result.append("known \(orders)")
            case .appeared(let id): result.append(String(id.description.suffix(1)))
            case .failed: result.append("failed")
            }
        }
        return result
    }
}

@Suite struct FeedCoreTests {
    private let id = Samples.id()

    private func history(_ count: Int) -> HistoryAnswer { .events(Array(eventsOfSuccess(id).prefix(count))) }

    private func message(_ seq: Int) -> String { eventsOfSuccess(id)[seq - 1].json }

    @Test func `an order's watcher is told that it is known, then all it has not seen, then each event, then the end; nothing twice`() {
        let feed = Followed<OrderFeed>()
        #expect(!feed.add(from: 1) && feed.told() == [])
        #expect(feed.hear(message(1)), "what was ordered is in the hash only")
        #expect(feed.read(history(3)) == "taken" && feed.told() == ["known 3", "replay 2 3"])
        #expect(!feed.hear(message(4)) && !feed.hear(message(2)) && feed.told() == ["4"])
        #expect(feed.hear(message(6)) && feed.told() == [], "a gap")
        #expect(feed.read(history(7)) == "taken" && feed.told() == ["5", "6", "7", "over"])
        #expect(feed.isFinal && feed.told() == [])
    }

    @Test func `a message says only what is new, and a watcher is told the whole event`() throws {
        let (order, quote) = (Samples.order(id: id), Samples.quote("meteora"))
        let members = CompactEvent.members(quotes: [quote], chosen: ChosenRoute(quote))
        let lines = [
            CompactEvent(.pending, progress: 0, message: "m", attempt: 1),
            CompactEvent(.routing, progress: 30, message: "m", attempt: 1, members: members),
            CompactEvent(.building, progress: 70, message: "m", attempt: 1), CompactEvent(.cancelled, progress: 0, message: "m", attempt: 1),
        ].enumerated().map { $1.line(at: 1_768_030_217_789 + UInt64($0), seq: $0 + 1) }
        func message(_ seq: Int, of id: OrderID) -> String { #"{"orderId":"\#(id)",\#(lines[seq - 1].dropFirst())"# }
        var whole = OrderFold(order)
        try whole.add(lines: Substring(lines.joined(separator: "\n")))
        var first = OrderFold(order)
        try first.add(Substring(lines[0]))

        let feed = Followed<OrderFeed>()
        #expect(!feed.add(from: 0) && feed.read(.order(first)) == "taken")
        var told: [OrderEvent] = []
        func listen() {
            while let news = feed.next() {
                switch news {
                case .replay(let events): told += events
                case .event(let event): told.append(event)
                default: break
                }
            }
        }
        listen()
        var needsRead: [Bool] = []
        func hear(_ text: String) { needsRead.append(feed.hear(text)) }
        for _ in 0..<2 { hear(message(2, of: id)) }
        #expect(needsRead == [false, false])
        // There is a gap; then comes a message of another order.
        hear(message(4, of: id))
        hear(message(3, of: Samples.id()))
        #expect(needsRead.suffix(2) == [true, true])
        for text in ["{}", message(3, of: id), message(4, of: id)] { hear(text) }
        #expect(needsRead.suffix(3) == [false, false, false])
        listen()
        #expect(told.map(\.text) == whole.events.map(\.text) && told[2].quote == quote && feed.isFinal)
    }

    @Test(arguments: UInt64(0)..<200)
    func `whatever is heard, missed or read late, each watcher is told each event once and in order`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var feed = OrderFeed()
        let watchers: [ObjectIdentifier] = [ObjectIdentifier(Int.self), ObjectIdentifier(String.self), ObjectIdentifier(Bool.self)]
        var heard: [ObjectIdentifier: [Int]] = [:]
        var after: [ObjectIdentifier: Int] = [:]
        var (written, rung, read) = (1, 0, nil as (question: [OrderEvent], written: Int)?)
        func tell() {
            for watcher in watchers where after[watcher] != nil {
                while let news = feed.next(for: watcher) {
                    switch news {
                    case .replay(let events): heard[watcher, default: []] += events.map(\.seq)
                    case .event(let event): heard[watcher, default: []].append(event.seq)
                    case .behind, .unknown, .failed: Issue.record("seed \(seed): \(news)")
                    case .known, .over: break
                    }
                }
            }
        }
        for step in 0..<60 {
            switch Int.random(in: 0..<6, using: &random) {
            case 0 where written < 7: written += 1
            case 1 where rung < written:
                rung += 1
                // Every third message is lost.
                if Int.random(in: 0..<3, using: &random) > 0 { _ = feed.hear(message(rung)) }
            case 2 where rung > 0: _ = feed.hear(message(Int.random(in: 1...rung, using: &random)))
            case 3 where read == nil: read = (feed.question(), written)
            case 4:
                // The answer is at least as old as the read, and at most as new as now.
                if let begun = read { _ = feed.take(history(Int.random(in: begun.written...written, using: &random)), to: begun.question) }
                read = nil
            default:
                guard let watcher = watchers.first(where: { after[$0] == nil }), step > 5 else { continue }
                after[watcher] = Int.random(in: 0...written, using: &random)
                _ = feed.add(watcher, from: Seq(clamping: after[watcher] ?? 0))
            }
            tell()
        }
        _ = feed.take(history(7), to: feed.question())
        tell()
        for (watcher, seen) in after { #expect(heard[watcher] ?? [] == Array((1...7).dropFirst(seen)), "seed \(seed)") }
    }

    @Test func `an order that has lost events is told anew to who wants that; a read that began earlier is no loss`() {
        let feed = Followed<OrderFeed>()
        #expect(!feed.add(from: 0))
        let early = feed.question()
        #expect(feed.read(history(5)) == "taken" && feed.told() == ["known 5", "replay 1 2 3 4 5"])
        #expect(feed.read(history(3), to: early) == "taken" && feed.told() == [])
        #expect(feed.read(history(3)) == "rewound")
        guard case .behind(3) = feed.next() else {
            Issue.record("the watcher is not told first of all")
            return
        }
        feed.startOver()
        #expect(feed.told() == ["1", "2", "3"])
    }

    @Test func `a feed that knows nothing of its order ends when it cannot be read; one that knows some waits`() {
        let feed = Followed<OrderFeed>()
        #expect(feed.isAbsent && feed.read(.unavailable).contains("failed") && feed.read(.unknown) == "taken")
        #expect(feed.read(history(1)) == "taken" && !feed.isAbsent)
        #expect(feed.read(.unavailable) == "again" && feed.read(.unknown).contains("unknown"))
    }

    @Test func `a read that began before a user's watcher came does not serve it, and the next one reads the whole list`() {
        let feed = Followed<UserFeed>()
        let orders = (1...2).map { UserOrder(id: .numbered($0), placed: 1_000_000) }
        let early = feed.question()
        #expect(feed.add(from: nil))
        #expect(feed.read([], to: early) == "taken" && feed.told() == [] && feed.question().since == 0)
        #expect(feed.read(nil) == "again" && feed.read(orders) == "taken" && feed.told() == ["known 2", "1", "2"])
        #expect(feed.question().since == 940_000)
        #expect(feed.read(orders + [UserOrder(id: .numbered(3), placed: 1_000_001)]) == "taken" && feed.told() == ["3"])
    }
}
