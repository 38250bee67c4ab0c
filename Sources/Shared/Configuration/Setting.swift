/// One setting: its environment variable, its meaning, and how its text becomes a value.
///
/// Every setting of the engine is declared once, in `Settings`. A service has the settings that its settings struct reads. Its `--help` comes from
/// the same reading, so the two cannot differ.
public struct Setting<Value: Sendable>: Sendable {
    /// The texts about the setting for `--help` and error messages.
    public let description: SettingDescription
    let parse: @Sendable (String) throws(SettingRefusal) -> Value
    let fallback: Value

    /// A setting with a default. The default goes through the same parser as an operator's text.
    init(
        _ name: String, default text: String, unit: String = "", allowed: String = "", isSecret: Bool = false, meaning: String,
        parse: @escaping @Sendable (String) throws(SettingRefusal) -> Value
    ) {
        description = SettingDescription(
            name: name, defaultText: text, unit: unit, allowed: allowed, meaning: meaning, isSecret: isSecret, isRequired: false)
        self.parse = parse
        do {
            fallback = try parse(text)
        } catch {
            preconditionFailure("the default of \(name) \(error.message)")
        }
    }

    /// A setting without a default text. `fallback` is its value if nothing is given. For a required setting it is a stand-in that is never used,
    /// because the reading then fails.
    init(
        _ name: String, fallback: Value, shownAs text: String, allowed: String = "", isSecret: Bool = false, isRequired: Bool = false,
        meaning: String, parse: @escaping @Sendable (String) throws(SettingRefusal) -> Value
    ) {
        description = SettingDescription(
            name: name, defaultText: text, unit: "", allowed: allowed, meaning: meaning, isSecret: isSecret, isRequired: isRequired)
        self.parse = parse
        self.fallback = fallback
    }
}

/// The description of a setting, without the type of its value.
public struct SettingDescription: Sendable, Equatable {
    public let name: String
    /// The default as an operator would write it, or a word such as `none` or `required`.
    public let defaultText: String
    /// The unit of a number, such as `ms` or `bps`; empty for none.
    public let unit: String
    /// The allowed values in words; empty for free text.
    public let allowed: String
    /// The effect of the setting, in one line.
    public let meaning: String
    /// Whether its value must never be shown.
    public let isSecret: Bool
    /// Whether the service refuses to start without it.
    public let isRequired: Bool
}

/// Why a text is no value of a setting: the rest of a sentence that begins with the setting, such as "must be …".
struct SettingRefusal: Error {
    let message: String
}
