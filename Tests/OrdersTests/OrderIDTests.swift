import Orders
import TestSupport
import Testing

@Suite struct OrderIDTests {
    @Test(arguments: [0, 1, 1_768_030_217_789, 1 << 48 - 1] as [UInt64])
    func `the lowest id of a time is above every id of an earlier time, and above none of its own`(time: UInt64) {
        var random = SeededGenerator(seed: 6)
        func id(_ time: UInt64) -> String { OrderID(milliseconds: time, partition: 0, random: &random).description }
        let lowest = OrderID.lowest(at: time).description
        #expect(OrderID(parsing: lowest)?.description == lowest)
        for _ in 0..<20 {
            #expect(lowest < id(time) && lowest < id(min(time + 1, 1 << 48 - 1)))
            if time > 0 { #expect(id(time - 1) < lowest) }
        }
        #expect(OrderID.lowest(at: .max) == OrderID.lowest(at: 1 << 48 - 1))
    }

    @Test func `a new id is a version 7 UUID that carries time and partition`() {
        var random = SeededGenerator(seed: 4)
        for partition in [0, 1, 127, 255] as [UInt8] {
            let id = OrderID(milliseconds: 0x0198_C1F2_3456, partition: partition, random: &random)
            let text = id.description
            #expect(text.hasPrefix("0198c1f2-3456-7"))
            #expect("89ab".contains(text.dropFirst(19).first!))
            #expect(id.partition == Int(partition))
            #expect(OrderID(parsing: text) == id)
            #expect(OrderID(parsing: text.uppercased()) == id)
        }
    }

    @Test func `ids of one millisecond differ and later ones sort behind`() {
        var random = SeededGenerator(seed: 5)
        let ids = (0..<1000).map { _ in OrderID(milliseconds: 1000, partition: 3, random: &random).description }
        #expect(Set(ids).count == 1000)
        #expect(ids.max()! < OrderID(milliseconds: 1001, partition: 0, random: &random).description)
    }

    @Test(
        arguments: [
            "", "0198c1f2", "0198c1f2-0000-7000-8000-00000000000", "0198c1f2-0000-7000-8000-0000000000000", "0198c1f2-0000-7000-8000-00000000000g",
            "0198c1f20-000-7000-8000-000000000000", "0198c1f2_0000-7000-8000-000000000000", "{198c1f2-0000-7000-8000-00000000000}",
            "0198c1f2-0000-7000-8000-0000000000é",
        ])
    func `A text that is no UUID is refused`(text: String) { #expect(OrderID(parsing: text) == nil) }
}
