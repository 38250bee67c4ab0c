/// Settings that a service cannot start with: every mistake, with the given value and the allowed values. Never holds a secret.
public struct ConfigurationError: Error, Equatable, CustomStringConvertible {
    /// One wrong setting.
    public struct Mistake: Sendable, Equatable {
        public let name: String
        /// A sentence without its full stop.
        public let message: String
    }

    /// The mistakes, in the order in which the settings were read.
    public let mistakes: [Mistake]

    /// All mistakes, one per line. Safe to log.
    public var description: String {
        let title = mistakes.count == 1 ? "1 setting is wrong:" : "\(mistakes.count) settings are wrong:"
        return ([title] + mistakes.map { "  \($0.message)" }).joined(separator: "\n")
    }
}
