import EventLoop

/// One reader of what comes from outside, as a function of bytes.
///
/// The suite gives it the kept inputs and changed ones. `scripts/fuzz` lets libFuzzer search for inputs that reach new code.
struct FuzzTarget: Sendable {
    let name: String
    /// Whether handles stay behind that only a turn of the loop frees.
    let needsLoop: Bool
    /// Reads an input. Throws if a claim about what was read does not hold.
    let read: @Sendable @ServiceActor ([UInt8]) async throws -> Void

    /// A target that reads at once.
    init(name: String, needsLoop: Bool = false, reading read: @escaping @Sendable @ServiceActor ([UInt8]) throws -> Void) {
        self.init(name: name, needsLoop: needsLoop, awaiting: { try read($0) })
    }

    /// A target that waits for what it reads.
    init(name: String, needsLoop: Bool, awaiting read: @escaping @Sendable @ServiceActor ([UInt8]) async throws -> Void) {
        (self.name, self.needsLoop, self.read) = (name, needsLoop, read)
    }

    /// Every target. Its kept inputs are in `Corpus`, in the file of its name.
    static let all: [FuzzTarget] = [
        .json, .orderBody, .storedOrder, .streamEntry, .webSocket, .nativeFrame, .settings, .marketFiles, .venueReply, .keyFile, .requestParts,
        .httpServer,
    ]
}

/// A claim that does not hold for an input.
struct BrokenClaim: Error, CustomStringConvertible {
    let description: String
}

/// Throws if a claim about an input does not hold.
func hold(_ holds: Bool, _ claim: @autoclosure () -> String) throws(BrokenClaim) {
    if !holds { throw BrokenClaim(description: claim()) }
}

extension [UInt8] {
    /// The parts of an input for a reader of several texts, separated by ASCII's record separator.
    var parts: [[UInt8]] { split(separator: 0x1E, omittingEmptySubsequences: false).map { Array($0) } }

    /// The bytes as text. Those that are not UTF-8 are replaced.
    var text: String { String(decoding: self, as: UTF8.self) }
}
