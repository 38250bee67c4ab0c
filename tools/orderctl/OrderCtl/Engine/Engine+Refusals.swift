internal import EventLoop
internal import HTTP
internal import JSON

// Turns an answer that is not the expected one into one sentence.

extension Engine {
    /// Whether a request may have reached the engine although its answer did not come back.
    static func isLost(_ error: HTTPClientError) -> Bool { error == .timedOut || error == .truncated }

    /// The failure if no engine answers.
    func unreachable(_ error: HTTPClientError) -> Failure {
        Failure(.unreachable, "No engine answers at \(url) (\(error)); start it with make up, or say where it is with --url or ORDERCTL_URL")
    }

    /// The failure if the answer to a request that changes something is lost.
    func lost(_ reason: String, code: String? = nil) -> Failure {
        Failure(
            .unreachable, "The answer of \(url) was lost (\(reason)): what was asked for may have been carried out",
            code: code ?? HTTPCode.outcomeUnknown.rawValue,
            mayHaveBeenDone: true)
    }

    /// The failure if the URL is a single service, such as the gateway of the container in which the tool runs.
    var noEdge: Failure {
        Failure(
            .refused, "\(url) is not the edge of an engine: it serves only a part of the API; say where the edge is with --url or ORDERCTL_URL",
            code: HTTPCode.notFound.rawValue)
    }

    /// The failure if the engine, or a proxy in front of it, has refused.
    func refusal(_ status: Int, _ body: JSONValue?) -> Failure {
        let code = body?["code"]?.string
        // The edge is there, but the gateway behind it is not.
        if status == 502 || status == 504 {
            return Failure(
                .unreachable, "The edge at \(url) reaches no gateway (\(status)); try again in a few seconds, or see its health", code: code)
        }
        guard let sentence = body?["error"]?.string else {
            return Failure(.refused, "\(url) answered \(status) without a reason; is that the engine?")
        }
        // Every command uses paths that the edge serves. A single service serves only some of them.
        if code == HTTPCode.notFound.rawValue { return noEdge }
        if status == 401 { return unauthenticated(sentence, code) }
        // A 503 that names an order means that the gateway could not find out whether the order was accepted.
        let failure = Failure(
            .refused, Terminal.safe(sentence + details(body, besides: sentence)), code: code,
            mayHaveBeenDone: status == 503 && body?["orderId"]?.string != nil, mayPass: status == 503)
        return status == 403 ? failure.advising("use a key that may, with --key-file; orderctl keys list shows what each may") : failure
    }

    /// The failure if the engine does not know who asks.
    private func unauthenticated(_ sentence: String, _ code: String?) -> Failure {
        guard let place = key.place else {
            return Failure(
                .refused, "\(url) wants an API key; say in which file it is with --key-file or ORDERCTL_KEY_FILE; orderctl keys new makes one",
                code: code)
        }
        return Failure(.refused, Terminal.safe(sentence), code: code).advising("it is the key of \(place); orderctl keys new makes another")
    }

    /// The mistake of each field, if the sentence does not name it: ` (status must be …)`.
    private func details(_ body: JSONValue?, besides sentence: String) -> String {
        let parts = (body?["errors"]?.array ?? []).compactMap { error -> String? in
            guard let field = error["field"]?.string, let message = error["message"]?.string, !sentence.contains(message) else { return nil }
            return message.hasPrefix(field) ? message : "\(field) \(message)"
        }
        return parts.isEmpty ? "" : " (\(parts.joined(separator: "; ")))"
    }

    // MARK: Repeating while the answer is lost

    private static let tries = 6

    /// Sends a request that may be repeated, and repeats it while its answer is lost. After an answer was lost, an engine that cannot be reached does
    /// not end the tries: only an answer tells what happened to the first request.
    ///
    /// - Parameter advice: what the user can do if no answer came back in the end.
    func repeating(
        orElse advice: String, _ body: @ServiceActor () async throws(Failure) -> JSONValue
    ) async throws(Failure) -> JSONValue {
        var backoff = Backoff(first: .milliseconds(300), max: .seconds(2))
        var lost: Failure?
        for number in 1...Self.tries {
            do throws(Failure) {
                return try await body()
            } catch {
                if error.mayHaveBeenDone { lost = error }
                guard lost != nil, error.mayPass else { throw error }
                if number < Self.tries { try? await sleep(for: backoff.next()) }
            }
        }
        throw (lost ?? Failure(.unreachable, "No answer came back")).advising(advice)
    }
}
