import Testing

@testable import Dialects

/// Tests whole conversations.
@Suite struct SnakeCaseDialectTests {
    private static func update(_ status: String, _ extra: String = "") -> String { #"{"order_id":"\#(Story.id)","status":"\#(status)"\#(extra)}"# }

    private static func hash(_ hash: String) -> String { #","tx_hash":"\#(hash)""# }
    private static func fill(_ hash: String) -> String { #","tx_hash":"\#(hash)","execution_price":145.48"# }
    private static let start = [update("pending"), update("routing"), update("building"), update("submitted", hash("sig1"))]
    private static let whole = start + [update("confirmed", fill("sig1"))]
    private static let failure = [
        update("pending"), update("routing"), update("building"), update("submitted", hash("sig3")),
        update("failed", hash("sig3") + #","reason":"Price moved 1.8% (max allowed: 1.0%)""#),
    ]

    private static let situations = [
        Situation("lands at the first try", .smooth, seen: 1, whole),
        Situation("the socket is ahead of the order", .smooth, whole),
        Situation("comes in between", .smooth, seen: 5, whole),
        Situation("comes when all is over", .smooth, seen: 7, whole),
        Situation(
            "is routed again, and lands", .routedAgain, seen: 1,
            start + [update("routing"), update("building"), update("submitted", hash("sig2")), update("confirmed", fill("sig2"))]),
        Situation(
            "is sent again, and lands", .sentAgain, seen: 1,
            start + [update("building"), update("submitted", hash("sig2")), update("confirmed", fill("sig2"))]),
        Situation("the last attempt fails", .givenUp, seen: 1, failure),
        Situation("comes when it has failed", .givenUp, seen: 8, failure),
        Situation(
            "finds no route", .noRoute, seen: 1,
            [update("pending"), update("routing"), update("failed", #","reason":"No route found for this token pair""#)]),
        Situation("is cancelled", .cancelled, seen: 1, [update("pending"), update("routing"), update("cancelled")]),
    ]

    @Test(arguments: situations)
    func `snake case`(_ situation: Situation) throws { #expect(try told(by: SnakeCaseDialect(), situation) == situation.expected) }
}
