import JSON

extension FuzzTarget {
    /// Any bytes as JSON.
    static let json = FuzzTarget(name: "json") { input in
        do {
            let value = try JSONValue.parse(input)
            try hold(SecondJSON.accepts(input, maxDepth: 16), "a second reader takes it, too")
            try hold((try? JSONValue.parse(value.serialized)) == value, "what is written is read back the same")
            try hold((try? JSONValue.parse(value.serialized))?.serialized == value.serialized, "what was read back is written the same")
        } catch let error as JSONError {
            try hold(!SecondJSON.accepts(input, maxDepth: 16), "a second reader refuses it, too: \(error)")
            try hold((0...input.count).contains(error.offset), "the mistake is in the text")
        }
    }
}

/// Throws if a text that the engine has written is no JSON.
func holdJSON(_ text: String, _ what: String) throws(BrokenClaim) {
    try hold((try? JSONValue.parse(text, maxDepth: 32)) != nil, "\(what) is JSON: \(text)")
}
