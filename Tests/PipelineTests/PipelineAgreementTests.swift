import Testing

@testable import Pipeline

/// Tests the text that all processes agree on.
struct PipelineAgreementTests {
    @Test(
        arguments: [
            ("4/2", 4, 4, nil, true), ("4>8/2", 4, 8, nil, false), ("4+8/2g", 4, 8, 8, true), ("8<4@17/2g", 8, 8, nil, true),
            ("16<8@18<4@17/2g", 16, 16, nil, true), ("8+16<4@17/2g", 8, 16, 16, true), ("4/3", 4, 4, nil, false), ("4", 4, 4, nil, false),
        ] as [(String, Int, Int, Int?, Bool)])
    func `a text says by which count orders are placed, and how many partitions are read`(
        _ text: String, _ placing: Int, _ most: Int, _ growingTo: Int?, _ isAtWork: Bool
    ) {
        let agreement = PipelineAgreement(text)
        #expect(agreement.placing == placing && agreement.most == most && agreement.growingTo == growingTo && agreement.isAtWork == isAtWork)
        if agreement.isCurrent { #expect(agreement.description == text) }
    }

    @Test(arguments: ["", "/", "x/2", "0/2", "999999999999999999999/2", "4+/2", "<@/2", "4<x@y/2", "4<@/2", "4<8@99/2g", "4<-1@99999999999999999/2"])
    func `a text that nobody writes is read without harm`(_ text: String) {
        let agreement = PipelineAgreement(text)
        #expect((1...256).contains(agreement.placing) && (1...256).contains(agreement.most))
        #expect(agreement.former.allSatisfy { (1...256).contains($0.count) })
    }

    @Test func `an engine grows by two texts, and remembers the counts of before until they are of no use`() {
        let grown = PipelineAgreement("4/2").growing(to: 8)
        #expect(grown.description == "4+8/2g" && grown.includes(4) && grown.includes(8) && !grown.includes(2))
        let first = grown.grown(until: 17)
        #expect(first.description == "8<4@17/2g" && first.includes(4) && first.hasGrown(from: 4) && !first.hasGrown(from: 8))
        let second = first.growing(to: 16).grown(until: 18)
        #expect(second.description == "16<8@18<4@17/2g" && second.settled.description == "16/2")
    }
}
