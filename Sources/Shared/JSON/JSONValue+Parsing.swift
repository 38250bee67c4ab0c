extension JSONValue {
    /// Parses one JSON text by RFC 8259, strictly: UTF-8 without byte order mark, no duplicate names, nothing after the value.
    ///
    /// - Parameters:
    ///   - bytes: the whole text.
    ///   - maxDepth: how many arrays and objects may be nested; `[]` has depth 1.
    ///   - refusesNUL: whether `\u0000` in a string is an error (Postgres cannot store it).
    /// - Throws: the first mistake, with its place.
    public static func parse(
        _ bytes: UnsafeBufferPointer<UInt8>, maxDepth: Int = 16, refusesNUL: Bool = false
    ) throws(JSONError) -> JSONValue {
        var parser = JSONParser(bytes, maxDepth: maxDepth, refusesNUL: refusesNUL)
        return try parser.parseText()
    }

    /// Parses one JSON text; see the form that takes a buffer.
    public static func parse(_ bytes: [UInt8], maxDepth: Int = 16, refusesNUL: Bool = false) throws(JSONError) -> JSONValue {
        try bytes.withUnsafeBufferPointer { buffer throws(JSONError) in
            try parse(buffer, maxDepth: maxDepth, refusesNUL: refusesNUL)
        }
    }

    /// Parses one JSON text; see the form that takes a buffer.
    public static func parse(_ bytes: ArraySlice<UInt8>, maxDepth: Int = 16, refusesNUL: Bool = false) throws(JSONError) -> JSONValue {
        try bytes.withUnsafeBufferPointer { buffer throws(JSONError) in
            try parse(buffer, maxDepth: maxDepth, refusesNUL: refusesNUL)
        }
    }

    /// Parses one JSON text; see the form that takes a buffer.
    public static func parse(_ text: some StringProtocol, maxDepth: Int = 16, refusesNUL: Bool = false) throws(JSONError) -> JSONValue {
        let parsed = text.utf8.withContiguousStorageIfAvailable { bytes in
            Result { () throws(JSONError) in try parse(bytes, maxDepth: maxDepth, refusesNUL: refusesNUL) }
        }
        guard let parsed else { return try parse(Array(text.utf8), maxDepth: maxDepth, refusesNUL: refusesNUL) }
        return try parsed.get()
    }
}
