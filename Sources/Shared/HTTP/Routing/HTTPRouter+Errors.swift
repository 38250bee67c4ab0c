extension HTTPRouter {
    /// The answer to what a handler has thrown. What the error says stays inside.
    func response(to error: any Error, route: String) -> HTTPResponse {
        if let problem = error as? Problem { return problem.response }
        if !(error is CancellationError) { onError?(error, route) }
        return .problem(500, code: "INTERNAL", "The service failed to answer: try again, and tell its operator if that does not help.")
    }
}
