internal import Glibc

extension Setting where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    /// One of a few words, in any case.
    static func choice(_ name: String, default value: Value, _ meaning: String) -> Setting {
        let allowed = Value.allCases.map(\.rawValue).joined(separator: ", ")
        return Setting(name, default: value.rawValue, allowed: allowed, meaning: meaning) { text throws(SettingRefusal) in
            guard let value = Value(rawValue: text.lowercased()) else { throw SettingRefusal(message: "must be one of \(allowed)") }
            return value
        }
    }
}

extension Setting where Value == LogLevelChoice {
    /// A level of the log, under any of its well-known names. A service also starts with an unknown level.
    static func logLevel(_ name: String, default level: LogLevel, _ meaning: String) -> Setting {
        let allowed = LogLevel.allCases.map(\.rawValue).joined(separator: ", ")
        return Setting(name, default: level.rawValue, allowed: allowed, meaning: meaning) { text throws(SettingRefusal) in
            if let known = LogLevel(named: text) { return LogLevelChoice(level: known, remark: nil) }
            return LogLevelChoice(level: level, remark: "\(name)=\(SettingsReader.quoted(text)) is none of \(allowed); \(level.rawValue) is used")
        }
    }
}

extension Setting where Value == String {
    /// The path of a file.
    static func path(_ name: String, default path: String, _ meaning: String) -> Setting {
        Setting(name, default: path, meaning: meaning) { text throws(SettingRefusal) in
            guard text.utf8.count < 4096, !text.utf8.contains(0) else { throw SettingRefusal(message: "must be a path") }
            return text
        }
    }

    /// A numeric IPv4 or IPv6 address.
    static func address(_ name: String, default address: String, _ meaning: String) -> Setting {
        Setting(name, default: address, allowed: "an IPv4 or IPv6 address", meaning: meaning) { text throws(SettingRefusal) in
            var bytes = in6_addr()
            guard inet_pton(AF_INET, text, &bytes) == 1 || inet_pton(AF_INET6, text, &bytes) == 1 else {
                throw SettingRefusal(message: "must be an IPv4 or IPv6 address, such as 0.0.0.0 or ::")
            }
            return text
        }
    }

    /// An `http` or `https` URL without query, returned without its last slash.
    static func httpURL(_ name: String, default url: String, _ meaning: String) -> Setting {
        Setting(name, default: url, allowed: "an http or https URL", meaning: meaning) { text throws(SettingRefusal) in try httpURL(text) }
    }

    fileprivate static func httpURL(_ text: String) throws(SettingRefusal) -> String {
        let scheme = ["http://", "https://"].first(where: text.lowercased().hasPrefix) ?? ""
        let rest = scheme.isEmpty ? "" : text.dropFirst(scheme.count)
        guard let first = rest.utf8.first, first != UInt8(ascii: "/"), text.utf8.count <= 2048,
            text.utf8.allSatisfy({ 0x21...0x7E ~= $0 && !"?#@\"<>\\".utf8.contains($0) })
        else { throw SettingRefusal(message: "must be an http or https URL without user, query or fragment") }
        return scheme + (rest.hasSuffix("/") ? rest.dropLast() : rest)
    }
}

extension Setting where Value == String? {
    /// The path of a file, or nothing.
    static func path(_ name: String, shownAs text: String, _ meaning: String) -> Setting {
        Setting(name, fallback: nil, shownAs: text, meaning: meaning) { text throws(SettingRefusal) in
            guard text.utf8.count < 4096, !text.utf8.contains(0) else { throw SettingRefusal(message: "must be a path") }
            return text
        }
    }

    /// The same as ``Setting/httpURL(_:default:_:)``, or nothing.
    static func httpURL(_ name: String, shownAs text: String, _ meaning: String) -> Setting {
        Setting(name, fallback: nil, shownAs: text, allowed: "an http or https URL", meaning: meaning) { text throws(SettingRefusal) in
            try Setting<String>.httpURL(text)
        }
    }

}

extension Setting where Value == [String] {
    private static let most = 64

    /// Host names, separated by commas, in lower case.
    static func hosts(_ name: String, _ meaning: String) -> Setting {
        list(name, allowed: "host names, separated by commas", meaning) { item in
            let isName = item.utf8.count <= 253 && item.utf8.allSatisfy { "abcdefghijklmnopqrstuvwxyz0123456789-.".utf8.contains($0) }
            return isName ? nil : "must be host names without port, separated by commas"
        }
    }

    /// Origins of pages, separated by commas, as browsers send them.
    static func origins(_ name: String, _ meaning: String) -> Setting {
        list(name, allowed: "origins, separated by commas", meaning) { item in
            let rest = ["http://", "https://"].first(where: item.hasPrefix).map { item.dropFirst($0.count) }
            let isOrigin = rest.map { !$0.isEmpty && $0.utf8.count <= 259 && $0.utf8.allSatisfy { 0x21...0x7E ~= $0 && !"/?#@".utf8.contains($0) } }
            return item == "null" || isOrigin ?? false ? nil : "must be origins such as https://app.example, separated by commas"
        }
    }

    private static func list(_ name: String, allowed: String, _ meaning: String, _ complaint: @escaping @Sendable (String) -> String?) -> Setting {
        Setting(name, fallback: [], shownAs: "none", allowed: allowed, meaning: meaning) { text throws(SettingRefusal) in
            let items = text.lowercased().split(separator: ",", omittingEmptySubsequences: false).map { $0.filter { $0 != " " } }
            guard items.count <= most else { throw SettingRefusal(message: "must have at most \(most) items") }
            for item in items {
                if item.isEmpty || complaint(item) != nil { throw SettingRefusal(message: complaint(item) ?? "must have no empty item") }
            }
            return items
        }
    }
}

extension Setting where Value == AddressList {
    /// Addresses and networks, or nobody's.
    static func addresses(_ name: String, default text: String, _ meaning: String) -> Setting {
        let allowed = "IPv4 and IPv6 addresses and networks, separated by commas, or none"
        return Setting(name, default: text, allowed: allowed, meaning: meaning) { text throws(SettingRefusal) in
            guard text.utf8.count < 4096, let list = AddressList(text) else {
                throw SettingRefusal(message: "must be \(allowed), such as 10.0.0.0/8,::1")
            }
            return list
        }
    }
}

extension Setting where Value == Secret? {
    /// A secret that goes into a header, or nothing.
    static func secret(_ name: String, _ meaning: String) -> Setting {
        Setting(name, fallback: nil, shownAs: "none", isSecret: true, meaning: meaning) { text throws(SettingRefusal) in
            guard text.utf8.count <= 1024, text.utf8.allSatisfy({ 0x21...0x7E ~= $0 }) else {
                throw SettingRefusal(message: "must be visible ASCII without spaces")
            }
            return Secret(text)
        }
    }
}

extension Setting where Value == RedisURL {
    static func redisURL(_ name: String, default url: String, _ meaning: String) -> Setting {
        let form = "redis[s]://[[user][:password]@]host[:port][/database]; docs/operations.md has the forms for Unix sockets, Sentinels and clusters"
        return Setting(name, default: url, allowed: form, isSecret: true, meaning: meaning) { text throws(SettingRefusal) in
            guard let url = RedisURL(text) else { throw SettingRefusal(message: "must be \(form)") }
            return url
        }
    }
}

extension Setting where Value == PostgresURL {
    static func postgresURL(_ name: String, _ meaning: String) -> Setting {
        let form = "postgres://user:password@host:port/database"
        return Setting(name, fallback: .missing, shownAs: "required", allowed: form, isSecret: true, isRequired: true, meaning: meaning) {
            text throws(SettingRefusal) in
            guard let url = PostgresURL(text) else { throw SettingRefusal(message: PostgresURL.refusal(of: text) ?? "must be \(form)") }
            return url
        }
    }
}
