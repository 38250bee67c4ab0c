import JSON
import TestSupport
import Testing

@Suite struct JSONPropertyTests {
    private static func randomString(_ random: inout SeededGenerator) -> String {
        let ranges: [ClosedRange<UInt32>] = [0...0x7F, 0x20...0x7E, 0x80...0xD7FF, 0xE000...0x10FFFF]
        var text = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...20, using: &random) {
            let range = ranges.randomElement(using: &random)!
            text.append(Unicode.Scalar(UInt32.random(in: range, using: &random))!)
        }
        return String(text)
    }

    private static func randomValue(_ random: inout SeededGenerator, depth: Int) -> JSONValue {
        switch Int.random(in: 0..<(depth == 0 ? 5 : 7), using: &random) {
        case 0: return .null
        case 1: return .bool(.random(using: &random))
        case 2: return .number(String(Int64.random(in: .min ... .max, using: &random)))
        case 3: return .number("-\(UInt64.random(in: 0...99, using: &random)).0\(UInt64.random(in: 0...99, using: &random))E-7")
        case 4: return .string(randomString(&random))
        case 5: return .array((0..<Int.random(in: 0...5, using: &random)).map { _ in randomValue(&random, depth: depth - 1) })
        default:
            return .object(
                (0..<Int.random(in: 0...20, using: &random)).map {
                    JSONMember("\($0)" + randomString(&random), randomValue(&random, depth: depth - 1))
                })
        }
    }

    @Test func `what is written is read back the same`() throws {
        var random = SeededGenerator(seed: 1)
        for _ in 0..<300 {
            let value = Self.randomValue(&random, depth: 4)
            let text = value.serialized
            #expect(try JSONValue.parse(text) == value)
            #expect(try JSONValue.parse(text).serialized == text)
        }
    }

    @Test func `mutated bytes are read or refused but never crash`() throws {
        var random = SeededGenerator(seed: 2)
        let interesting = Array(#"{}[]",:\u0123456789abcdefDdeE+-.tfn/ "#.utf8) + [0, 0x1F, 0x7F, 0x80, 0xC3, 0xED, 0xF4, 0xFF]
        var accepted = 0
        for _ in 0..<20_000 {
            var bytes = Array(#"{"a":[1,-2.5e3,"x\u00e9\ud83d\ude00é"],"b":{"c":null,"d":true,"e":false}}"#.utf8)
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let index = Int.random(in: 0..<max(1, bytes.count), using: &random)
                guard index < bytes.count else { break }
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[index] = interesting.randomElement(using: &random)!
                case 1: bytes.remove(at: index)
                case 2: bytes.insert(interesting.randomElement(using: &random)!, at: index)
                default: bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random))
                }
            }
            do throws(JSONError) {
                let value = try JSONValue.parse(bytes)
                accepted += 1
                #expect(try JSONValue.parse(value.serialized) == value)
            } catch {
                #expect((0...bytes.count).contains(error.offset))
            }
        }
        #expect(accepted > 100)
    }
}
