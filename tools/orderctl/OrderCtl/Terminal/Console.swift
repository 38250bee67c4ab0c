internal import EventLoop
internal import Glibc

/// The output of a command: results go to standard output, errors to standard error.
@ServiceActor
struct Console {
    /// Whether results are coloured.
    let usesColour: Bool
    /// Whether results go to a terminal, on which lines can be rewritten.
    let isTerminal: Bool
    /// The columns of the terminal; nil if there is none, or if its width is unknown.
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

    /// The console of the process. Colours are used only on a terminal that has them, and not if `NO_COLOR` is set.
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

    /// Writes a line about an error.
    func complain(_ line: String) { errors(line + "\n") }

    /// Writes a line in place of the last one that was written this way; does nothing without a terminal. Call `rewrite("")` before `print`.
    func rewrite(_ line: String) { if isTerminal { output("\r\u{1B}[K" + line) } }

    /// Starts a page: clears the terminal, or writes an empty line if there is none.
    func beginPage() { output(isTerminal ? "\u{1B}[H\u{1B}[2J" : "\n") }

    /// A text in a colour, if colours are used.
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
                // The reader has seen enough, as in `orderctl dead list | head`. Nobody is left to read a message.
                exit(ExitCode.ok.rawValue)
            }
        }
    }
}
