/// Reads settings from an environment. It collects every mistake, so that an operator sees all of them at once.
public struct SettingsReader {
    private let environment: [String: String]
    private var mistakes: [ConfigurationError.Mistake] = []
    /// The settings that were read so far, in the order of reading, each once.
    public private(set) var descriptions: [SettingDescription] = []

    /// - Parameter environment: variables by name. An empty value counts as not set, because compose files write unset variables like that.
    public init(environment: [String: String]) { self.environment = environment }

    /// The value of `setting`. After a mistake it is a stand-in; ``finish()`` then throws, so the stand-in is not used.
    public mutating func value<Value>(_ setting: Setting<Value>) -> Value {
        let description = setting.description
        if !descriptions.contains(where: { $0.name == description.name }) { descriptions.append(description) }
        guard let text = environment[description.name], !text.isEmpty else {
            if description.isRequired { note(description.name, "\(description.name) must be set: \(description.allowed)") }
            return setting.fallback
        }
        do {
            return try setting.parse(text)
        } catch {
            let given = description.isSecret ? " (value hidden)" : "=\(Self.quoted(text))"
            note(description.name, "\(description.name)\(given) \(error.message)")
            return setting.fallback
        }
    }

    /// Notes a mistake if a rule between several settings is broken. Does nothing if one of these settings already has a mistake of its own.
    public mutating func require(_ holds: Bool, among names: [String], _ rule: String) {
        guard !holds, !mistakes.contains(where: { names.contains($0.name) }) else { return }
        note(names[0], rule)
    }

    /// Ends the reading.
    /// - Throws: ``ConfigurationError`` with every mistake, if there is one.
    public func finish() throws(ConfigurationError) {
        if !mistakes.isEmpty { throw ConfigurationError(mistakes: mistakes) }
    }

    private mutating func note(_ name: String, _ message: String) {
        let mistake = ConfigurationError.Mistake(name: name, message: message)
        if !mistakes.contains(mistake) { mistakes.append(mistake) }
    }

    /// The given text in quotes, at most 64 characters and on one line.
    static func quoted(_ text: String) -> String {
        let limit = 64
        let shown = text.unicodeScalars.prefix(limit).map { $0.value < 0x20 || $0.value == 0x7F ? "?" : String($0) }.joined()
        return "\"\(shown)\(text.unicodeScalars.count > limit ? "…" : "")\""
    }
}
