import EventLoop
import TestSupport
import Testing

/// The short form of the search for inputs that a reader cannot bear: the kept inputs, and the same changes of them in every run. `make fuzz` is the
/// long form.
@Suite(.serialized, .onLoop) @ServiceActor
struct FuzzTests {
    private static let changed = 1000

    @Test(arguments: FuzzTarget.all)
    func `a reader bears every kept input, and holds what it says of it`(_ target: FuzzTarget) async throws {
        let corpus = try Corpus(of: target)
        #expect(!corpus.inputs.isEmpty)
        for input in corpus.inputs { try await check(target, input) }
    }

    @Test(arguments: FuzzTarget.all)
    func `a reader bears changed inputs, and holds what it says of them`(_ target: FuzzTarget) async throws {
        let corpus = try Corpus(of: target)
        var mutator = InputMutator(seed: 1, corpus: corpus.inputs)
        for _ in 0..<Self.changed { try await check(target, mutator.next()) }
    }

    private func check(_ target: FuzzTarget, _ input: [UInt8]) async throws {
        do {
            try await target.read(input)
        } catch {
            Issue.record("\(error); the input as a line of the corpus: \(Corpus.line(of: input))")
        }
        if target.needsLoop { try await sleep(for: .milliseconds(1)) }
    }
}

extension FuzzTarget: CustomTestStringConvertible {
    var testDescription: String { name }
}
