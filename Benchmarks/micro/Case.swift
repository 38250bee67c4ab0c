internal import EventLoop

/// One thing that is hot, in a form that can be done any number of times.
///
/// The work of a run is `start + count * operation`, and `start` is the same for each count. So two runs tell what an operation costs.
struct Case: Sendable {
    let name: String
    /// Does the operation that often.
    let run: @ServiceActor (_ count: Int) async throws -> Void

    static let all = orders + quotes + frames + [socket] + pipeline + [ledger, rows]

    /// A case without a server. `prepare` returns the operation. It is given the number of the round, from 0, and its results are added up, so that
    /// none of them can be left out.
    static func pure(_ name: String, _ prepare: @escaping @Sendable () throws -> (_ round: Int) throws -> Int) -> Case {
        Case(name: name) { count in
            let operation = try prepare()
            var sum = 0
            for round in 0..<count { sum &+= try operation(round) }
            guard sum != 0 else { throw CaseError("the operation has done nothing") }
        }
    }
}

/// Why a case could not be run.
struct CaseError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
