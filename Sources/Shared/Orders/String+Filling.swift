extension String {
    /// This text with `text` instead of the first `place`, such as `{id}`; this text as it is if it has none.
    ///
    /// Each answer and some events are filled. The standard library's `replacing` takes longer for it than all the rest of an answer.
    public func filling(_ place: String, with text: String) -> String {
        precondition(!place.isEmpty, "a place has a name")
        var (whole, place) = (self, place)
        let found = whole.withUTF8 { bytes in place.withUTF8 { Self.first($0, in: bytes) } }
        guard let found else { return self }
        let start = utf8.index(utf8.startIndex, offsetBy: found)
        return self[..<start] + text + self[utf8.index(start, offsetBy: place.utf8.count)...]
    }

    private static func first(_ wanted: UnsafeBufferPointer<UInt8>, in bytes: UnsafeBufferPointer<UInt8>) -> Int? {
        var from = 0
        while let start = bytes[from...].firstIndex(of: wanted[0]) {
            if bytes[start...].starts(with: wanted) { return start }
            from = start + 1
        }
        return nil
    }
}
