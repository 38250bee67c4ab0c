import Testing

@testable import Dialects
@testable import Orders

/// Tests what holds for all dialects together.
@Suite struct DialectListTests {
    private static func isUnique(_ texts: [String]) -> Bool { Set(texts).count == texts.count }

    @Test func `each dialect has a label, a socket and a key for its URL that no other has`() {
        #expect(Self.isUnique(Dialects.all.map { $0.label }) && Self.isUnique(Dialects.all.map { $0.socket.path }))
        #expect(Self.isUnique(Dialects.all.compactMap { $0.socketKey }))
        // A route by path, a GET that shows the order and the URL in the answer all need the order's id in the path.
        for dialect in Dialects.all {
            var namesOrder = dialect.socketKey != nil || dialect.showsOrder
            if case .path = dialect.socket { namesOrder = true }
            #expect(!namesOrder || dialect.socket.path.contains("{id}"), "\(dialect)")
        }
    }

    @Test func `no name stands for two members of an order`() {
        #expect(Self.isUnique(OrderMember.allCases.flatMap { Dialects.vocabulary.names(of: $0) }))
        for member in OrderMember.allCases { #expect(OrderVocabulary.own.names(of: member) == [member.rawValue]) }
    }

    @Test(
        arguments: [
            (
                #"{"tokenIn":"SOL"}"#,
                #"{"success":true,"orderId":"(id)","jobId":"7-0","status":"pending","message":"Order created and enqueued for processing","#
                    + #""slippageBps":100,"wsUrl":"ws://h/api/orders/status/(id)","websocketUrl":"ws://h/ws/orders/(id)"}"#
            ), (#"{"token_in":"SOL"}"#, #"{"order_id":"(id)","status":"pending"}"#),
            (
                #"{"token_in":"SOL","x":1}"#,
                #"{"order_id":"(id)","status":"pending","warnings":[{"field":"x","message":"x is not known here and was ignored"}]}"#
            ),
        ])
    func `an order is answered in the dialect in which it was written, and where that may be several with what each of them has`(
        _ body: String, _ answer: String
    ) throws {
        let reading = RequestReading(body: Array(body.utf8), vocabulary: Dialects.vocabulary, tokens: try Samples.tokens())
        let id = Samples.id()
        let order = AcceptedOrder(id, job: "7-0", slippageBps: 100, warnings: reading.warnings, socketOrigin: "ws://h")
        #expect(Dialects.answer(order, to: reading) == answer.replacing("(id)", with: id.description))
    }
}
