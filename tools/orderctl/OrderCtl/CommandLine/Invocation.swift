internal import Configuration

/// The request of a command line.
enum Invocation {
    /// The options that all commands take.
    struct Options: Sendable {
        let url: String
        let key: EngineKey
        let wantsJSON: Bool
    }

    case show(String)
    case command(any Command, Options)

    static func read(_ words: [String], environment: [String: String], commands: [any Command.Type]) throws(Failure) -> Invocation {
        if words == ["--version"] { return .show("orderctl \(EngineVersion.text)") }
        var arguments = Arguments(words)
        let wantsHelp = arguments.takeFlag("--help", "-h")
        let wantsJSON = arguments.takeFlag("--json")
        let url = try arguments.takeValue("--url")
        let keyFile = try arguments.takeValue("--key-file")
        var operands = arguments.leadingOperands
        let asksHelp = wantsHelp || operands.first == "help" || words.isEmpty
        if operands.first == "help" { operands.removeFirst() }

        // No command's words begin with all the words of another command, so at most one command fits.
        let command = commands.first { operands.starts(with: $0.manual.words) }
        if asksHelp { return .show(try help(command, operands, commands.map { $0.manual })) }
        guard let command else { throw unknown(operands, commands.map { $0.manual }) }
        arguments.dropFirst(command.manual.words.count)
        let instance = try command.init(&arguments)
        if let extra = try arguments.takeOperands().first {
            throw Failure(.usage, "\"\(extra)\" is too much for orderctl \(command.manual.name); add --help to see what it takes")
        }
        let key = EngineKey(option: keyFile, environment: environment)
        return .command(instance, Options(url: try EngineURL.find(option: url, environment: environment), key: key, wantsJSON: wantsJSON))
    }

    /// Whether a command line asks for JSON, even if it cannot be used.
    static func wantsJSON(_ words: [String]) -> Bool {
        var arguments = Arguments(words)
        return arguments.takeFlag("--json")
    }

    private static func help(_ command: (any Command.Type)?, _ operands: [String], _ manuals: [Manual]) throws(Failure) -> String {
        if let command { return HelpText.of(command.manual) }
        let family = Array(operands.prefix(1))
        guard manuals.contains(where: { $0.words.starts(with: family) }) else { throw unknown(operands, manuals) }
        return HelpText.of(manuals, under: family)
    }

    private static func unknown(_ operands: [String], _ manuals: [Manual]) -> Failure {
        let family = manuals.filter { $0.words.first == operands.first }
        if !family.isEmpty {
            let choices = family.map { "\"\($0.name)\"" }.joined(separator: ", ")
            return Failure(.usage, "\"\(operands.prefix(2).joined(separator: " "))\" is no command; there are \(choices)")
        }
        let what = operands.first.map { "\"\($0)\" is no command" } ?? "The command is missing"
        let meant = operands.first.flatMap { Spelling.nearest(to: $0, among: manuals.map { $0.words[0] }) }
        return Failure(.usage, "\(what); " + (meant.map { "did you mean \($0)? " } ?? "") + "orderctl --help lists those there are")
    }
}
