import EventLoop
import Orders
import TestSupport
import Testing

@testable import PaperMarket
@testable import Pipeline
@testable import Venues

/// What is done for many partitions is done for all of them at once.
@Suite(.onLoop) @ServiceActor
struct PartitionsTests {
    /// Counts who has come, and lets all go on once that many are there.
    @ServiceActor
    private final class Meeting {
        private let count: Int
        private let complete = Promise<Void>()
        private(set) var come = 0

        init(_ count: Int) { self.count = count }

        /// Whether all have come in time.
        func wait() async -> Bool {
            come += 1
            if come == count { complete.succeed(()) }
            return (try? await complete.value(within: .seconds(5))) != nil
        }
    }

    private let partitions = (0..<48).map { Keys(partition: $0) }

    @Test func `all partitions are asked before the first has answered, and the answers keep their sequence`() async throws {
        try await withBench { bench in
            let meeting = Meeting(partitions.count)
            let answers = try await bench.pipeline.inEach(partitions) { keys throws(PipelineError) in (keys.partition, await meeting.wait()) }
            #expect(answers.map(\.0) == Array(0..<48) && answers.allSatisfy(\.1))
        }
    }

    @Test func `the error of the first partition that has one is thrown, and all the others were asked`() async throws {
        try await withBench { bench in
            let meeting = Meeting(partitions.count)
            do throws(PipelineError) {
                try await bench.pipeline.inEach(partitions) { keys throws(PipelineError) in
                    _ = await meeting.wait()
                    if keys.partition % 20 == 7 { throw PipelineError(.unexpectedReply, "\(keys.partition)") }
                }
                Issue.record("nothing was thrown")
            } catch {
                #expect(error.message == "7" && meeting.come == 48)
            }
        }
    }

    @Test func `the mock chain is asked about all partitions at once, and each transaction gets its own answer`() async {
        let batch = (0..<96).map { index in
            let order = Samples.order(Samples.id(partition: UInt8(index % 48)))
            return OutgoingTransaction(transaction: Samples.transaction(order), order: order)
        }
        let meeting = Meeting(48)
        let reports = await MockChainClient.byPartition(batch) { part, partition in
            guard await meeting.wait() else { return [] }
            return part.map { $0.order.id.partition == partition ? .onItsWay(due: .seconds(Int64($0.order.id.partition))) : .unknown }
        }
        #expect(reports == (0..<96).map { .onItsWay(due: .seconds(Int64($0 % 48))) })
    }
}
