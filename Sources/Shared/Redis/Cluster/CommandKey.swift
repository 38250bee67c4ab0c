/// Finds the key of a command, which says what node of a cluster has to be asked.
enum CommandKey {
    /// Commands without a key: any node answers them, each for itself.
    private static let keyless: Set<String> = [
        "ACL", "CLIENT", "CLUSTER", "CONFIG", "INFO", "PING", "PUBLISH", "ROLE", "SCAN", "SCRIPT", "TIME", "WAIT", "WAITAOF",
    ]

    /// The first key of a command; nil if it has none.
    static func first(of command: [String]) -> String? {
        let place =
            switch command[0] {
            // The number of keys stands before them.
            case "EVALSHA", "EVAL": command.count > 3 && command[2] != "0" ? 3 : nil as Int?
            case "XREADGROUP", "XREAD": command.firstIndex(of: "STREAMS").map { $0 + 1 }
            // A second word names what is asked.
            case "XINFO", "XGROUP", "OBJECT", "MEMORY": 2
            case let name: keyless.contains(name) ? nil : 1
            }
        return place.flatMap { $0 < command.count ? command[$0] : nil }
    }
}
