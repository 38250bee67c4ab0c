internal import EventLoop
internal import HTTP
internal import Pipeline
internal import Postgres
internal import ServiceKit

/// Asks Redis or Postgres for an answer, and throws the refusal that the client gets where they have none.
///
/// - Parameters:
///   - failed: what cannot be done then, the first half of a sentence: "The order cannot be looked up".
///   - changes: whether it would change something, so that a lost answer is told as such.
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
    /// What a client is told, by Postgres' own reason.
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
