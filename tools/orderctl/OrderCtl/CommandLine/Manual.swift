/// The help of a command.
struct Manual: Sendable {
    /// An option and its meaning.
    struct Option: Sendable {
        let name: String
        let meaning: String
    }

    /// The words that call the command: `["dead", "retry"]`.
    let words: [String]
    /// Its operands and options, as in `(ID... | --all)`; empty for none.
    let synopsis: String
    /// The purpose of the command, in half a line.
    let summary: String
    /// Everything that a user has to know, in lines of at most 80 columns.
    let details: String
    let options: [Option]
    /// Examples to copy, each with its meaning.
    let examples: [(command: String, meaning: String)]

    init(
        _ words: [String], synopsis: String, summary: String, details: String, options: [Option] = [],
        examples: [(command: String, meaning: String)]
    ) {
        self.words = words
        self.synopsis = synopsis
        self.summary = summary
        self.details = details
        self.options = options
        self.examples = examples
    }

    /// The command as a user types it.
    var name: String { words.joined(separator: " ") }

    /// The options that every command takes.
    static let commonOptions = [
        Option(name: "--url URL", meaning: "the engine; else ORDERCTL_URL, else http://localhost:$PORT (3000)"),
        Option(name: "--key-file PATH", meaning: "the file with your API key; else ORDERCTL_KEY_FILE, ORDERCTL_KEY"),
        Option(name: "--json", meaning: "print the result as JSON, for programs"),
        Option(name: "--help, -h", meaning: "explain the command"),
    ]

    /// First steps for a new user. The help of the whole tool shows them.
    static let firstSteps = [
        Option(name: "orderctl quote SOL USDC 1.5", meaning: "what each venue would pay"),
        Option(name: "orderctl submit --watch SOL USDC 1.5", meaning: "place that order and follow it to its end"),
        Option(name: "orderctl lag --watch", meaning: "where orders wait, live"),
        Option(name: "orderctl doctor", meaning: "what is wrong, and what to do about it"),
    ]

    /// The help about errors, below the exit codes.
    static let errors = """
        With --json an error is one line of standard error,
        {"error":{"code":"ORDER_FINAL","message":"…"}}: the engine's own code where it
        gave one, else \(Failure.ownCodes.joined(separator: ", ")).
        """

    static let exitCodes = ExitCode.allCases.map { Option(name: "\($0.rawValue)", meaning: $0.meaning) }
}
