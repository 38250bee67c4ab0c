/// The meaning of a service's arguments. Services have no other arguments: everything else is set by the environment.
public enum ServiceArguments: Sendable, Equatable {
    /// No argument: serve.
    case serve
    /// `--help` or `-h`.
    case help
    /// `--version`.
    case version

    /// Reads the arguments, without the name of the program.
    /// - Throws: ``UsageError`` unless there is no argument or one known argument.
    public init(arguments: [String]) throws(UsageError) {
        switch arguments {
        case []: self = .serve
        case ["--help"], ["-h"]: self = .help
        case ["--version"]: self = .version
        default:
            let unknown = arguments.first { !["--help", "-h", "--version"].contains($0) }
            throw UsageError(argument: unknown)
        }
    }
}

/// Arguments that a service does not know.
public struct UsageError: Error, Equatable, CustomStringConvertible {
    /// The first unknown argument; nil if known ones were combined.
    public let argument: String?

    /// One sentence that says what to do.
    public var description: String {
        let problem = argument.map { "Unknown argument \"\($0)\"" } ?? "Too many arguments"
        return "\(problem): only --help and --version are known, settings come from the environment."
    }
}
