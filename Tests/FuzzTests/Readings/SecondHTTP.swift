/// A second reader of requests on one connection, written from RFC 9112 alone, and as strict as it allows.
struct SecondHTTP {
    struct Request: Equatable {
        let method: String
        let target: String
        let body: [UInt8]
    }

    enum End {
        /// The input ends with or within a request.
        case input
        /// Something that a lenient server may read otherwise, or that ends the connection after its answer.
        case lenient
        /// Two servers could read the next request in two ways, or it is too long: it must be refused, and what follows must not be read.
        case refused
    }

    private(set) var requests: [Request] = []
    private(set) var end = End.input
    private var rest: ArraySlice<UInt8>
    private let bodyLimit: Int

    private typealias Field = (name: String, value: String)

    init(_ bytes: [UInt8], bodyLimit: Int) {
        rest = bytes[...]
        self.bodyLimit = bodyLimit
        while !rest.isEmpty, let request = request() { requests.append(request) }
    }

    private mutating func request() -> Request? {
        guard let line = line() else { return nil }
        let parts = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3, parts[2] == "HTTP/1.1", Self.isToken(parts[0]), parts[1].hasPrefix("/"), parts[1].utf8.allSatisfy(Self.isInTarget)
        else { return stop(.lenient) }
        guard let fields = fields(), let body = body(fields) else { return nil }
        return Request(method: parts[0], target: parts[1], body: body)
    }

    /// The next line without its CRLF; nil if there is none, or if it is one that not all servers read alike.
    private mutating func line() -> String? {
        guard let end = rest.firstIndex(of: 0x0A) else { return stop(rest.allSatisfy(Self.isInLine) ? .input : .lenient) }
        let line = rest[..<end]
        rest = rest[(end + 1)...]
        guard line.last == 0x0D, line.dropLast().allSatisfy({ 0x20...0x7E ~= $0 }) else { return stop(.lenient) }
        return String(decoding: line.dropLast(), as: UTF8.self)
    }

    private mutating func fields() -> [Field]? {
        var fields: [Field] = []
        while let line = line() {
            if line.isEmpty { return fields.count <= 60 ? fields : stop(.lenient) }
            // The engine refuses a blank at the end of a value that it reads.
            guard let colon = line.firstIndex(of: ":"), Self.isToken(String(line[..<colon])), line.last != " " else { return stop(.lenient) }
            fields.append((line[..<colon].lowercased(), String(line[line.index(after: colon)...].drop { $0 == " " })))
        }
        return nil
    }

    private mutating func body(_ fields: [Field]) -> [UInt8]? {
        let special: Set = ["connection", "expect", "upgrade", "content-encoding", "keep-alive", "cookie", "trailer"]
        if fields.contains(where: { special.contains($0.name) }) { return stop(.lenient) }
        func all(_ name: String) -> [String] { fields.filter { $0.name == name }.map(\.value) }
        let (lengths, codings, hosts) = (all("content-length"), all("transfer-encoding"), all("host"))
        guard hosts.count == 1, hosts[0].utf8.allSatisfy(Self.isInHost), codings.count + lengths.count <= 1 else { return stop(.refused) }
        if let coding = codings.first { return coding.lowercased() == "chunked" ? chunks() : stop(.refused) }
        guard let text = lengths.first else { return [] }
        guard !text.isEmpty, text.utf8.allSatisfy({ 0x30...0x39 ~= $0 }), let length = Int(text), length <= bodyLimit else { return stop(.refused) }
        return take(length)
    }

    private mutating func chunks() -> [UInt8]? {
        var body: [UInt8] = []
        while let line = line() {
            guard (1...4).contains(line.utf8.count), line.allSatisfy(\.isHexDigit), let size = Int(line, radix: 16) else { return stop(.lenient) }
            if size == 0 { return self.line().flatMap { $0.isEmpty ? body : stop(.lenient) } }
            guard body.count + size <= bodyLimit else { return stop(.lenient) }
            guard let chunk = take(size), let end = self.line() else { return nil }
            guard end.isEmpty else { return stop(.lenient) }
            body += chunk
        }
        return nil
    }

    private mutating func take(_ count: Int) -> [UInt8]? {
        guard rest.count >= count else { return stop(.input) }
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }

    private mutating func stop<Value>(_ end: End) -> Value? {
        self.end = end
        rest = []
        return nil
    }

    private static func isInLine(_ byte: UInt8) -> Bool { 0x20...0x7E ~= byte || byte == 0x0D }

    private static func isInTarget(_ byte: UInt8) -> Bool { 0x21...0x7E ~= byte && byte != UInt8(ascii: "#") }

    private static func isLetter(_ byte: UInt8) -> Bool { 0x30...0x39 ~= byte || 0x41...0x5A ~= byte || 0x61...0x7A ~= byte }

    private static func isInHost(_ byte: UInt8) -> Bool { isLetter(byte) || ".-_~:[]%".utf8.contains(byte) }

    private static func isToken(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { isLetter($0) || "!#$%&'*+-.^_`|~".utf8.contains($0) }
    }
}
