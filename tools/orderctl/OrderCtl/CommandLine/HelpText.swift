/// Help for the whole tool, for a family of commands such as `dead`, and for one command.
enum HelpText {
    /// Help for all commands whose words begin with `words`; for the whole tool if `words` is empty.
    static func of(_ manuals: [Manual], under words: [String]) -> String {
        let name = (["orderctl"] + words).joined(separator: " ")
        let rows = manuals.filter { $0.words.starts(with: words) }.map { Manual.Option(name: $0.name, meaning: $0.summary) }
        let isWhole = words.isEmpty
        let start = isWhole ? "\n\nTo start with:\n" + list(Manual.firstSteps) : ""
        let version = isWhole ? [Manual.Option(name: "--version", meaning: "print the version of this tool")] : []
        let purpose =
            isWhole
            ? "orderctl: places orders with an order execution engine, follows them, and looks after it." : "\(name): a family of commands."
        return """
            \(purpose)

            Usage: \(name) COMMAND [options]

            Commands:
            \(list(rows))\(start)

            Options of every command:
            \(list(Manual.commonOptions + version))

            Exit codes:
            \(list(Manual.exitCodes))

            \(Manual.errors)

            "orderctl COMMAND --help" explains a command and shows how it is used.
            """
    }

    static func of(_ manual: Manual) -> String {
        var sections = [
            "orderctl \(manual.name): \(manual.summary).",
            "Usage: orderctl \(manual.name)\(manual.synopsis.isEmpty ? "" : " " + manual.synopsis)",
            manual.details,
            "Options:\n" + list(manual.options + Manual.commonOptions),
        ]
        let examples = manual.examples.map { "  # \($0.meaning)\n  \($0.command)" }
        if !examples.isEmpty { sections.append("Examples:\n" + examples.joined(separator: "\n")) }
        sections.append("Exit codes:\n" + list(Manual.exitCodes))
        sections.append(Manual.errors)
        return sections.joined(separator: "\n\n")
    }

    private static func list(_ options: [Manual.Option]) -> String {
        let width = options.map(\.name.count).max() ?? 0
        return options.map { "  " + $0.name + String(repeating: " ", count: width - $0.name.count + 2) + $0.meaning }.joined(separator: "\n")
    }
}
