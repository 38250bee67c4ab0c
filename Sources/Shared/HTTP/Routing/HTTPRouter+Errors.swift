extension HTTPRouter {
    /// The answer to an error that a handler has thrown. The client does not see the text of an error that is no `Problem`.
    func response(to error: any Error, route: String, id: String) -> HTTPResponse {
        if let problem = error as? Problem { return problem.response }
        if !(error is CancellationError) { onError?(error, route, id) }
        return Problem.internalFault.response
    }
}
