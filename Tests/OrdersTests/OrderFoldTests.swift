import JSON
import TestOrders
import TestSupport
import Testing

@testable import Orders

/// The fold of stored lines against the events that the engine's scripts wrote themselves before lines were compact.
@Suite struct OrderFoldTests {
    @Test func `the lives are those that an order can have`() {
        let names = [
            "happy", "second", "retry", "requote", "stale", "split", "splitLate", "splitRouted", "late", "poisoned", "cancelled", "noRoute",
            "routeRetry",
        ]
        #expect(Life.all.map(\.testDescription) == names)
        #expect(Life.all.allSatisfy { !$0.texts.isEmpty && $0.lines.count == $0.texts.count })
    }

    @Test(arguments: Life.all) func `each event is the text that the scripts wrote, byte for byte`(life: Life) throws {
        var fold = OrderFold(life.order)
        for (line, text) in zip(life.lines, life.texts) {
            let event = try fold.add(Substring(line))
            #expect(event.text == text)
            #expect(event == fold.events.last && event.seq == fold.seq)
        }
        #expect(fold.events.map(\.text) == life.texts && fold.order == life.order)
    }

    @Test(arguments: Life.all) func `lines one by one and all at once make the same events, and the first lines make the first events`(life: Life)
        throws
    {
        let whole = try life.fold()
        for count in 0...life.lines.count {
            let first = try life.fold(upTo: count)
            #expect(first.events == Array(whole.events.prefix(count)) && first.seq == count)
            var rest = OrderFold(life.order)
            try rest.add(lines: Substring(life.lines.prefix(count).joined(separator: "\n")))
            #expect(rest.events == first.events && rest.route == first.route)
            try rest.add(lines: Substring(life.lines.dropFirst(count).joined(separator: "\n")))
            #expect(rest.events == whole.events && rest.route == whole.route && rest.staleQuotes == whole.staleQuotes)
        }
    }

    @Test(arguments: Life.all) func `a fold that keeps no events knows the route, the stale quotes and the seq all the same`(life: Life) throws {
        for texts in [life.lines, life.texts] {
            for count in 0...texts.count {
                var (whole, bare) = (OrderFold(life.order), OrderFold(life.order, keepsEvents: false))
                for part in [texts.prefix(count), texts.dropFirst(count)] {
                    try whole.add(lines: Substring(part.joined(separator: "\n")))
                    try bare.add(lines: Substring(part.joined(separator: "\n")))
                    #expect(bare.route == whole.route && bare.staleQuotes == whole.staleQuotes && bare.seq == whole.seq)
                    #expect(bare.events.isEmpty)
                }
            }
        }
    }

    @Test(arguments: Life.all) func `messages with the order's id and status make the same events`(life: Life) throws {
        let whole = try life.fold()
        var fold = OrderFold(life.order)
        for (line, event) in zip(life.lines, whole.events) {
            let status = line.contains(#""status":"\#(event.status.rawValue)""#) ? "" : #""status":"\#(event.status.rawValue)","#
            #expect(try fold.add(#"{"orderId":"\#(life.order.id)",\#(status)\#(line.dropFirst())"#) == event)
        }
        let other = try #require(OrderID(parsing: "0198c1f2-0000-7000-8000-000000000001"))
        var empty = OrderFold(life.order)
        #expect(throws: RecordError.self) { try empty.add(#"{"orderId":"\#(other)",\#(life.lines[0].dropFirst())"#) }
    }

    @Test(arguments: Life.all) func `the events that earlier versions stored go through unchanged, and what follows them is right`(life: Life) throws
    {
        let whole = try life.fold()
        for count in 0...life.texts.count {
            var fold = OrderFold(life.order)
            try fold.add(lines: Substring(life.texts.prefix(count).joined(separator: "\n")))
            #expect(fold.events.map(\.text) == Array(life.texts.prefix(count)))
            #expect(fold.events == OrderFold(life.order, events: whole.events.prefix(count)).events)
            // A whole event shows what has landed only when the order has failed, so the line that knew it earlier is gone.
            guard !life.texts.last!.contains(#""filled""#) else { continue }
            try fold.add(lines: Substring(life.lines.dropFirst(count).joined(separator: "\n")))
            #expect(fold.events.map(\.text) == life.texts && fold.route == whole.route && fold.staleQuotes == whole.staleQuotes)
        }
    }

    @Test func `whole events may have gaps, because old ones may be deleted; the seq goes only up`() throws {
        let life = try Life.named("happy")
        var fold = OrderFold(life.order)
        for seq in [3, 4, 7] { try fold.add(Substring(life.texts[seq - 1])) }
        #expect(fold.events.map(\.seq) == [3, 4, 7] && fold.events.map(\.text) == [3, 4, 7].map { life.texts[$0 - 1] })
        #expect(throws: RecordError.self) { try fold.add(Substring(life.texts[5])) }
        #expect(OrderView(order: life.order, events: fold.events).json().contains(#""chosenDex":"meteora""#))
    }

    @Test func `a route is as old as the event that brought it, however its legs move on`() throws {
        let split = try Life.named("split")
        let fold = try split.fold()
        let route = try #require(fold.route)
        let brought = try #require(fold.events.first { $0.quotes != nil })
        #expect(Timestamp.text(milliseconds: route.routedAt) == brought.timestamp)
        #expect(route.chosen.legs.map(\.status) == [.landed, .landed] && brought.legs?.map(\.status) == [.quoted, .quoted])
        #expect(try split.fold(upTo: 2).route == nil)
        let requoted = try Life.named("requote").fold()
        #expect(requoted.route?.chosen.quote.dex == "raydium")
        let second = try #require(requoted.events.last { $0.quotes != nil && $0.type == .routing })
        #expect(requoted.route.map { Timestamp.text(milliseconds: $0.routedAt) } == second.timestamp)
    }

    @Test func `members that a newer version adds are passed on, and those that follow from the order are not taken from a line`() throws {
        var fold = try Life.named("happy").fold(upTo: 2)
        let added = #""risk":{"of":[0.50]},"maxAttempts":9,"stageMs":{"total":1}"#
        let event = try fold.add(Substring(#"{"t":1,"seq":3,"type":"routing","message":"m","attempt":1,\#(added)}"#))
        #expect(event.maxAttempts == fold.order.maxAttempts && event.stageMs == nil)
        #expect(event.text.hasSuffix(#","risk":{"of":[0.50]}}"#))
    }

    @Test func `quotes that were too old are counted`() throws {
        #expect(try Life.named("stale").fold().staleQuotes == 2)
        for name in ["happy", "retry", "requote", "split"] { #expect(try Life.named(name).fold().staleQuotes == 0) }
    }

    @Test(
        arguments: [
            "", "{", "[]", "null", "7", #"{"t":1}"#,
            #"{"t":1,"seq":2,"type":"routing","message":"m","attempt":1}"#, #"{"t":1,"seq":4,"type":"routing","message":"m","attempt":1}"#,
            #"{"t":1,"seq":0,"type":"routing","message":"m","attempt":1}"#, #"{"t":1,"seq":-3,"type":"routing","message":"m","attempt":1}"#,
            #"{"t":1,"seq":3.0,"type":"routing","message":"m","attempt":1}"#,
            #"{"t":1,"seq":9007199254740992,"type":"routing","message":"m","attempt":1}"#,
            #"{"t":-1,"seq":3,"type":"routing","message":"m","attempt":1}"#,
            #"{"t":9007199254740992,"seq":3,"type":"routing","message":"m","attempt":1}"#,
            #"{"t":1,"seq":3,"type":"new","message":"m","attempt":1}"#, #"{"t":1,"seq":3,"type":"routing","attempt":1}"#,
            #"{"t":1,"seq":3,"type":"routing","message":"m"}"#, #"{"t":1,"seq":3,"type":"routing","message":"m","attempt":0}"#,
            #"{"t":1,"seq":3,"type":"execution-failed","message":"m","attempt":1}"#,
            #"{"t":1,"seq":3,"type":"routing","status":"new","message":"m","attempt":1}"#,
            #"{"t":1,"seq":3,"type":"routing","progress":101,"message":"m","attempt":1}"#,
            #"{"t":1,"seq":3,"type":"routing","message":"m","attempt":1,"chosen":0}"#,
            #"{"t":1,"seq":3,"type":"routing","message":"m","attempt":1,"quotes":[],"chosen":0}"#,
            #"{"t":1,"seq":3,"type":"routing","message":"m","attempt":1,"quotes":[],"chosen":-1}"#,
            #"{"t":1,"seq":3,"type":"routing","message":"m","attempt":1,"chosenDex":"meteora"}"#,
            #"{"t":1,"seq":3,"type":"routing","message":"m","attempt":1,"quote":{}}"#,
            #"{"t":1,"seq":3,"type":"routing","message":"m","attempt":1,"showsQuotes":1}"#,
            #"{"t":1,"seq":3,"type":"routing","message":"m","attempt":1}{}"#, #"{"t":1,"t":1,"seq":3,"type":"routing","message":"m","attempt":1}"#,
        ])
    func `a line that is not the next event changes nothing`(line: String) throws {
        let life = try Life.named("happy")
        var fold = try life.fold(upTo: 2)
        let before = fold
        #expect(throws: RecordError.self) { try fold.add(Substring(line)) }
        if !line.isEmpty {
            #expect(throws: RecordError.self) { try fold.add(lines: Substring((life.lines[2...3] + [line]).joined(separator: "\n"))) }
        }
        #expect(fold.events == before.events && fold.route == before.route)
        try fold.add(lines: Substring(life.lines.dropFirst(2).joined(separator: "\n")))
        #expect(fold.events.map(\.text) == life.texts)
    }

    @Test(arguments: 0..<40) func `whatever becomes of the bytes of a line, it is refused or read, and what was there before stays`(seed: UInt64)
        throws
    {
        var random = SeededGenerator(seed: seed)
        for life in Life.all {
            var fold = try life.fold(upTo: life.lines.count - 1)
            let before = fold.events
            var bytes = Array(life.lines[life.lines.count - 1].utf8)
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0x20...0x7E, using: &random)
                case 1: bytes.remove(at: place)
                default: bytes.insert(UInt8(ascii: "9"), at: place)
                }
            }
            let isAdded = (try? fold.add(Substring(String(decoding: bytes, as: UTF8.self)))) != nil
            #expect(Array(fold.events.prefix(before.count)) == before && fold.events.count == before.count + (isAdded ? 1 : 0))
        }
    }

    @Test func `times at their extremes, forwards and backwards, do not overflow`() throws {
        var fold = OrderFold(Samples.order)
        func line(_ at: Int, _ type: EventType, _ status: OrderStatus? = nil) -> Substring {
            Substring(CompactEvent(type, status: status, progress: nil, message: "m", attempt: 1_000_000).line(at: UInt64(at), seq: fold.seq + 1))
        }
        try fold.add(line(0, .pending))
        for _ in 0..<2100 {
            try fold.add(line(Seq.max, .routing))
            try fold.add(line(0, .building))
        }
        let last = try fold.add(line(Seq.max, .failed))
        #expect(last.stageMs?.pending == UInt64(Seq.max) && last.stageMs?.total == .max && last.stageMs?.building == .max)
        #expect(last.timestamp == "287396-10-12T08:59:00.991Z" && last.progress == 0)
    }

    @Test func `amounts that no order can have are refused or read, and do not overflow`() throws {
        let quote = Samples.meteora.json.replacing("1500000000", with: "18446744073709551615")
        func leg(_ number: Int) -> String {
            #"{"leg":\#(number),"status":"landed","txHash":"s","amountOut":"18446744073709551615","quote":\#(quote)}"#
        }
        func line(_ legs: [String]) -> Substring {
            let members = #""quotes":[\#(quote)],"chosenDex":"meteora","quote":\#(quote),"legs":[\#(legs.joined(separator: ","))]"#
            return Substring(CompactEvent(.routing, progress: 30, message: "m", attempt: 1, members: members).line(at: 1, seq: 1))
        }
        var fold = OrderFold(Samples.order)
        for legs in [[], [leg(0), leg(1)], [leg(0), leg(0)], [leg(-1)], [leg(1_000_001)]] {
            #expect(throws: RecordError.self) { try fold.add(line(legs)) }
        }
        try fold.add(line([leg(1_000_000)]))
        #expect(fold.route?.chosen.openAmount(of: Samples.order) == BaseUnits(0))
    }
}
