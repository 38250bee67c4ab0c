internal import Access
internal import Glibc

/// Finds the API key that the tool sends: in the file of `--key-file`, else of `ORDERCTL_KEY_FILE`, else in `ORDERCTL_KEY`.
///
/// No option takes the key itself: every user of the machine could read it in the list of processes.
struct EngineKey: Sendable {
    private enum Content { case path(String), key(String) }

    private static let maxBytes = 4096

    /// The option or variable that says it; nil if none does.
    let place: String?
    private let content: Content?

    init(option: String?, environment: [String: String]) {
        let set = { (name: String) in environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        let given: [(place: String, content: Content?)] = [
            ("--key-file", option.map { .path($0) }), ("ORDERCTL_KEY_FILE", set("ORDERCTL_KEY_FILE").map { .path($0) }),
            ("ORDERCTL_KEY", set("ORDERCTL_KEY").map { .key($0) }),
        ]
        let first = given.first { $0.content != nil }
        (place, content) = (first?.place, first?.content)
    }

    /// The header with the key; none if there is no key. Throws if what should be a key is none.
    func headers() throws(Failure) -> [(String, String)] {
        guard let secret = try secret() else { return [] }
        return [("Authorization", "Bearer \(secret.text)")]
    }

    private func secret() throws(Failure) -> KeySecret? {
        guard let place, let content else { return nil }
        let text: String
        switch content {
        case .key(let key): text = key
        case .path(let path):
            // The message about a file that is missing would show it.
            guard KeySecret(String(Self.trimmed(path))) == nil else {
                throw Failure(.usage, "\(place) takes the path of a file with the key, not the key itself")
            }
            text = try Self.contents(of: path, place)
        }
        guard let secret = KeySecret(String(Self.trimmed(text))) else {
            throw Failure(.usage, "\(place) has no API key: that is oek_ and 64 hexadecimal digits, and nothing else; orderctl keys new makes one")
        }
        return secret
    }

    private static func contents(of path: String, _ name: String) throws(Failure) -> String {
        do throws(FileFault) {
            let descriptor = open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw FileFault.system("cannot be opened") }
            defer { close(descriptor) }
            return String(decoding: try FileBytes.read(descriptor, atMost: maxBytes), as: UTF8.self)
        } catch {
            throw error.failure("\(name) \(path)")
        }
    }

    /// The text without blanks and line ends around it.
    private static func trimmed(_ text: String) -> Substring {
        var text = text[...]
        while text.last?.isWhitespace == true { text.removeLast() }
        return text.drop { $0.isWhitespace }
    }
}
