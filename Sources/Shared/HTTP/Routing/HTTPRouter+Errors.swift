extension HTTPRouter {
    /// The answer to what a handler has thrown. What the error says stays inside.
    func response(to error: any Error, route: String) -> HTTPResponse {
        if let problem = error as? Problem { return problem.response }
        if !(error is CancellationError) { onError?(error, route) }
        return Problem.internalFault.response
    }
}
