@testable import Access
@testable import Orders

extension FuzzTarget {
    /// A file of keys, and texts after it that clients send as their keys.
    static let keyFile = FuzzTarget(name: "key-file") { input in
        let parts = input.parts
        do {
            let file = try KeyFile(parsing: parts[0])
            try hold((try? KeyFile(parsing: Array(file.text.utf8))) == file, "a file is written as it was read")
            for key in file.keys {
                try hold(APIKey.isName(key.name) && !key.scopes.isEmpty, "a key has a name and may do something")
                let limits = [key.limits.requests, key.limits.orders].compactMap(\.self)
                try hold(limits.allSatisfy { (1...KeyLimits.most).contains($0) }, "limits are within their bounds")
            }
            try holdRing(KeyRing(file), file, parts.dropFirst().map(\.text))
        } catch let error as KeyFileError {
            try hold(error.description.unicodeScalars.allSatisfy { $0.value >= 0x20 }, "the reason can be shown: \(error)")
        }
    }

    private static func holdRing(_ ring: KeyRing, _ file: KeyFile, _ texts: [String]) throws(BrokenClaim) {
        for text in texts {
            guard let holder = ring.principal(text, at: now) else { continue }
            let known = file.keys.contains { $0.digest == holder.digest && !$0.isExpired(at: now) }
            try hold(known && ring.isValid(holder, at: now), "whoever is let in has a key of the file")
        }
    }
}
