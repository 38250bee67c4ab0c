internal import EventLoop

/// Does the same to all elements at once. The results are in the sequence of the elements.
@ServiceActor @discardableResult
public func together<Element: Sendable, Value: Sendable>(
    _ elements: [Element], _ work: @escaping @Sendable @ServiceActor (Element) async throws -> Value
) async throws -> [Value] {
    let tasks = elements.map { element in Loop.spawn { try await work(element) } }
    var values: [Value] = []
    for task in tasks { values.append(try await task.value) }
    return values
}

/// Runs a piece of work many times at once.
@ServiceActor
public func together<Value: Sendable>(
    _ count: Int, _ work: @escaping @Sendable @ServiceActor (Int) async throws -> Value
) async throws -> [Value] {
    try await together(Array(0..<count), work)
}
