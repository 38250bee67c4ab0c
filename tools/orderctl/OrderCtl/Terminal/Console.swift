internal import EventLoop
internal import Glibc

/// Where a command writes: results to standard output, what went wrong to standard error.
@ServiceActor
struct Console {
    /// Whether results are coloured.
    let usesColour: Bool
    /// Whether results go to a terminal, on which lines can be written anew.
    let isTerminal: Bool
    /// Columns of the terminal; nil where there is none, or it does not say.
    let width: Int?
    private let output: @ServiceActor (String) -> Void
    private let errors: @ServiceActor (String) -> Void

    init(
        usesColour: Bool, isTerminal: Bool = false, width: Int? = nil, output: @escaping @ServiceActor (String) -> Void,
        errors: @escaping @ServiceActor (String) -> Void
    ) {
        self.usesColour = usesColour
        self.isTerminal = isTerminal
        self.width = width
        self.output = output
        self.errors = errors
    }

    /// The process' own. Colours only on a terminal that has them, and not where `NO_COLOR` asks for none.
    static func standard(environment: [String: String]) -> Console {
        let wantsNone = environment["NO_COLOR"].map { !$0.isEmpty } ?? false
        let isTerminal = isatty(STDOUT_FILENO) == 1 && environment["TERM"] != "dumb"
        return Console(
            usesColour: isTerminal && !wantsNone, isTerminal: isTerminal, width: isTerminal ? width(environment) : nil,
            output: { write($0, to: STDOUT_FILENO) }, errors: { write($0, to: STDERR_FILENO) })
    }

    private static func width(_ environment: [String: String]) -> Int? {
        var size = winsize()
        let told = ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 ? Int(size.ws_col) : 0
        return told > 0 ? told : environment["COLUMNS"].flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
    }

    /// Writes a line of the result.
    func print(_ line: String) { output(line + "\n") }

    /// Writes a line about what went wrong.
    func complain(_ line: String) { errors(line + "\n") }

    /// Writes a line in the place of the one that was last written so; without a terminal, nothing. `print` comes after `rewrite("")`.
    func rewrite(_ line: String) {
        if isTerminal { output("\r\u{1B}[K" + line) }
    }

    /// Begins at the top of an empty terminal; elsewhere, with an empty line.
    func beginPage() { output(isTerminal ? "\u{1B}[H\u{1B}[2J" : "\n") }

    /// A text in a colour, where there are colours.
    func paint(_ text: String, _ colour: Terminal.Colour?) -> String {
        guard let colour else { return text }
        return usesColour ? "\u{1B}[\(colour.rawValue)m\(text)\u{1B}[0m" : text
    }

    private static func write(_ text: String, to descriptor: Int32) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                bytes = bytes.dropFirst(count)
            } else if errno != EINTR {
                // The reader has seen enough, as in `orderctl dead list | head`; there is nobody left to tell.
                exit(ExitCode.ok.rawValue)
            }
        }
    }
}
