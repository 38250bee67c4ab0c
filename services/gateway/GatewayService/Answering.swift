internal import EventLoop
internal import HTTP
internal import Pipeline
internal import Postgres
internal import ServiceKit

/// Asks Redis or Postgres for an answer. If they have none, throws the refusal that the client gets.
///
/// - Parameters:
///   - failed: the first half of the refusal's sentence: "The order cannot be looked up".
///   - changes: whether the call changes something. A lost answer then has an unknown outcome.
@ServiceActor
func answering<Value>(_ failed: String, changes: Bool = false, _ body: @ServiceActor () async throws -> Value) async throws -> Value {
    do {
        return try await body()
    } catch let error as PipelineError {
        throw error.answer(failed, changes: changes)
    } catch let error as PostgresError {
        throw error.refusal(failed)
    }
}

extension PostgresError {
    /// The refusal that the client gets, with Postgres' own reason.
    fileprivate func refusal(_ failed: String) -> Problem {
        if isDataFault { return .unstorableText(failed) }
        return isRefusal ? .databaseRefused(failed, description) : .unavailable(failed, because: cause)
    }

    private var cause: String {
        switch kind {
        case .timedOut: "the database did not answer in time"
        case .poolExhausted: "all connections to the database are in use"
        default: isAway ? "the database is away" : "the database could not carry it out"
        }
    }
}
