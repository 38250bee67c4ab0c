/// What a client may send, by docs/openapi.yaml and docs/asyncapi.yaml. Reads the YAML of these two files, and not any other.
public struct Contract: Sendable {
    /// Where a client puts a value.
    public enum Place: String, Sendable { case path, query, header, body }

    /// A name of a value, and its place.
    public struct Input: Sendable, Hashable, CustomStringConvertible {
        public let place: Place
        public let name: String
        public var description: String { "\(place) \(name)" }
    }

    /// A method of a path.
    public struct Operation: Sendable, CustomStringConvertible {
        public let path: String
        public let method: String
        public let inputs: [Input]
        public var description: String { "\(method) \(path)" }
    }

    /// The path of a socket. A part of it in braces is an input, too.
    public struct Socket: Sendable, CustomStringConvertible {
        public let path: String
        public let inputs: [Input]
        public var description: String { path }
    }

    /// A message of a client on a socket: its `op`, and the members that it may have. Without members it is one text.
    public struct Frame: Sendable {
        public let name: String
        public let members: [String]
    }

    public let operations: [Operation]
    public let sockets: [Socket]
    public let frames: [Frame]

    /// Reads both files.
    public init() {
        let http = contents(of: packageRoot + "/docs/openapi.yaml"), socket = contents(of: packageRoot + "/docs/asyncapi.yaml")
        operations = Self.operations(http)
        sockets = Self.blocks(Self.section("channels", of: socket), indent: 2).map { _, block in
            let address = block.firstMatch(of: /address: (\S+)/).map { String($0.1) } ?? ""
            let query = block.firstMatch(of: /query:/).map { Self.properties(in: block[$0.range.upperBound...]) } ?? []
            return Socket(
                path: address,
                inputs: address.matches(of: /\{(\w+)\}/).map { Input(place: .path, name: String($0.1)) }
                    + query.map { Input(place: .query, name: $0) })
        }
        let received = Self.blocks(Self.section("operations", of: socket), indent: 2).filter { $0.block.contains("action: receive") }
            .flatMap { $0.block.matches(of: #/messages/(\w+)"/#).map { String($0.1) } }
        let messages = Self.blocks(Self.section("components", of: socket), indent: 4)
        frames = received.map { name in
            Frame(name: name, members: messages.first { $0.name == name }.map { Self.properties(in: $0.block) }?.filter { $0 != "op" } ?? [])
        }
    }

    private static func operations(_ text: String) -> [Operation] {
        let components = section("components", of: text)
        let shared = Dictionary(blocks(components, indent: 4).map { ($0.name, $0.block) }) { first, _ in first }
        let parameters = Dictionary(blocks(within: "parameters", of: components).map { ($0.name, $0.block) }) { $1 }
        return blocks(section("paths", of: text), indent: 2).flatMap { path, block in
            let parts = blocks(block, indent: 4)
            let common = parts.first { $0.name == "parameters" }.map { inputs($0.block, parameters) } ?? []
            return parts.filter { $0.name != "parameters" }.map { method, block in
                let request = block.prefix(upTo: block.firstRange(of: "\n      responses:")?.lowerBound ?? block.endIndex)
                let schemas = request.matches(of: #/#/components/schemas/(\w+)/#).map { String($0.1) }
                let body = request.contains("requestBody:") ? schemas.flatMap { properties(in: shared[$0] ?? "") } : []
                var seen: Set<Input> = []
                let all = common + inputs(request, parameters) + body.map { Input(place: .body, name: $0) }
                return Operation(path: path, method: method.uppercased(), inputs: all.filter { seen.insert($0).inserted })
            }
        }
    }

    /// The parameters that a text defines or refers to.
    private static func inputs(_ text: Substring, _ parameters: [String: Substring]) -> [Input] {
        func input(_ name: Substring, _ place: Substring) -> Input? { Place(rawValue: String(place)).map { Input(place: $0, name: String(name)) } }
        return text.matches(of: /name: ([\w-]+),? *\n? *in: (\w+)/).compactMap { input($0.1, $0.2) }
            + text.matches(of: #/#/components/parameters/(\w+)/#).flatMap { inputs(parameters[String($0.1)] ?? "", [:]) }
    }

    // MARK: YAML

    /// The lines below a key at the beginning of a line.
    private static func section(_ name: String, of text: String) -> Substring {
        guard let start = text.firstRange(of: "\n\(name):\n")?.upperBound else { return "" }
        let rest = text[start...]
        return rest.prefix(upTo: rest.firstMatch(of: /\n\S/)?.range.lowerBound ?? rest.endIndex)
    }

    /// The blocks of a section below a key of two blanks.
    private static func blocks(within name: String, of section: Substring) -> [(name: String, block: Substring)] {
        blocks(section, indent: 2).first { $0.name == name }.map { blocks($0.block, indent: 4) } ?? []
    }

    /// The keys that are indented so far, each with the rest of its line and all lines below it.
    private static func blocks(_ text: Substring, indent: Int) -> [(name: String, block: Substring)] {
        let lead = String(repeating: " ", count: indent)
        var starts: [(name: String, from: String.Index)] = []
        var line = text.startIndex
        while line < text.endIndex {
            let end = text[line...].firstIndex(of: "\n") ?? text.endIndex
            let words = text[line..<end]
            if words.hasPrefix(lead), let first = words.dropFirst(indent).first, first != " ", first != "-", first != "#",
                let colon = words.firstMatch(of: /:( |$)/)?.range.lowerBound
            {
                starts.append((String(words[..<colon].dropFirst(indent)), text.index(after: colon)))
            }
            line = end < text.endIndex ? text.index(after: end) : end
        }
        let ends = starts.dropFirst().map(\.from) + [text.endIndex]
        return zip(starts, ends).map { ($0.name, text[$0.from..<$1]) }
    }

    /// The names in the first `properties` of a text, in either form of YAML.
    private static func properties(in text: Substring) -> [String] {
        guard let key = text.firstMatch(of: /properties:[ ]*/) else { return [] }
        let rest = text[key.range.upperBound...]
        if rest.first == "{" { return inlineNames(rest) }
        let indent = rest.drop { $0 == "\n" }.prefix { $0 == " " }.count
        let lead = "\n" + String(repeating: " ", count: indent)
        let end = rest.dropFirst().firstMatch(of: try! Regex("\n {0,\(max(0, indent - 1))}\\S"))?.range.lowerBound ?? rest.endIndex
        return rest[..<end].components(after: lead).compactMap { $0.firstMatch(of: /^([\w-]+):/).map { String($0.1) } }
    }

    /// The names of `{a: …, b: {…}}`.
    private static func inlineNames(_ text: Substring) -> [String] {
        var (names, depth, word, isQuoted) = ([String](), 0, "", false)
        for character in text {
            if character == "\"" { isQuoted.toggle() }
            if isQuoted { continue }
            if "{[".contains(character) { depth += 1 }
            if "}]".contains(character) { depth -= 1 }
            if depth == 0 { break }
            if character == ":", depth == 1, !word.isEmpty { names.append(word) }
            word = character.isLetter || character.isNumber || "_-".contains(character) ? word + String(character) : ""
        }
        return names
    }
}

extension Substring {
    /// The parts of the text that follow a mark, each up to the next one.
    fileprivate func components(after mark: String) -> [Substring] { split(separator: mark, omittingEmptySubsequences: false).dropFirst().map { $0 } }
}
