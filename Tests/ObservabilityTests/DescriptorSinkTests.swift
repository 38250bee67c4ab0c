import Glibc
import Testing

@testable import Observability

@Suite struct DescriptorSinkTests {
    @Test func `a full pipe refuses a line instead of blocking, and takes lines again once read`() throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        defer {
            close(ends[0])
            close(ends[1])
        }
        let sink = DescriptorSink(descriptor: ends[1])
        let line = [UInt8](repeating: UInt8(ascii: "x"), count: Logger.maxLineBytes - 1) + [UInt8(ascii: "\n")]
        var taken = 0
        while sink.write(line) { taken += 1 }
        #expect(taken >= 1)

        var buffer = [UInt8](repeating: 0, count: line.count)
        #expect(read(ends[0], &buffer, buffer.count) == line.count)
        #expect(buffer == line)
        #expect(sink.write(line))
    }

    @Test func `a closed descriptor refuses a line`() { #expect(!DescriptorSink(descriptor: -1).write([10])) }
}
