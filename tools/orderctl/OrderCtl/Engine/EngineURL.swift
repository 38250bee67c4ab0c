/// Finds the URL of the engine: `--url`, then `ORDERCTL_URL`, then `PORT` on this machine.
enum EngineURL {
    /// The URL without a slash at the end.
    static func find(option: String?, environment: [String: String]) throws(Failure) -> String {
        if let option { return try check(option, from: "--url") }
        if let text = environment["ORDERCTL_URL"], !text.isEmpty { return try check(text, from: "ORDERCTL_URL") }
        guard let port = environment["PORT"], !port.isEmpty else { return "http://localhost:3000" }
        guard let number = UInt16(port), number > 0 else {
            throw Failure(.usage, "PORT has to be a port from 1 to 65535, not \"\(port)\"; or say where the engine is with --url")
        }
        return "http://localhost:\(number)"
    }

    private static func check(_ text: String, from source: String) throws(Failure) -> String {
        let url = text.last == "/" ? String(text.dropLast()) : text
        let rest = ["http://", "https://"].first { url.lowercased().hasPrefix($0) }.map { url.dropFirst($0.count) }
        guard let rest, !rest.isEmpty, !rest.hasPrefix("/"), !url.contains(where: { "?# \"".contains($0) || $0.isNewline }) else {
            throw Failure(.usage, "\(source) has to be a URL such as http://localhost:3000, not \"\(text)\"")
        }
        return url
    }
}
