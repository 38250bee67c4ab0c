internal import EventLoop

extension OrderPipeline {
    /// Does the same for several partitions, for all of them side by side: one after the other, many partitions would take many round trips. Returns
    /// the answers in the sequence of the partitions.
    ///
    /// - Throws: the error of the first partition that has one. The others have been asked all the same.
    @discardableResult
    public func inEach<Answer: Sendable>(
        _ partitions: some Sequence<Keys>, _ body: @escaping @ServiceActor (Keys) async throws(PipelineError) -> Answer
    ) async throws(PipelineError) -> [Answer] {
        var answers: [Answer] = []
        for outcome in await outcomes(in: partitions, body) { answers.append(try outcome.get()) }
        return answers
    }

    /// The same, where the answers of some partitions are worth something without those of the others.
    func outcomes<Answer: Sendable>(
        in partitions: some Sequence<Keys>, _ body: @escaping @ServiceActor (Keys) async throws(PipelineError) -> Answer
    ) async -> [Result<Answer, PipelineError>] {
        await withTaskGroup(of: (index: Int, outcome: Result<Answer, PipelineError>).self) { group in
            for (index, keys) in partitions.enumerated() {
                group.addTask {
                    do throws(PipelineError) {
                        return (index, .success(try await body(keys)))
                    } catch {
                        return (index, .failure(error))
                    }
                }
            }
            var outcomes: [(index: Int, outcome: Result<Answer, PipelineError>)] = []
            for await one in group { outcomes.append(one) }
            return outcomes.sorted { $0.index < $1.index }.map(\.outcome)
        }
    }
}
