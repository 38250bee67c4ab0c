import Dialects
import HTTP
import Orders
import ServiceKit
import TestSupport
import Testing
import Venues

/// Compares the contracts with the sources: a contract has everything that a client can be told, and nothing else.
struct ContractTests {
    private static let openapi = contents(of: packageRoot + "/docs/openapi.yaml")
    private static let asyncapi = contents(of: packageRoot + "/docs/asyncapi.yaml")
    private static let swift = ["services", "Sources/Shared"].flatMap { files(in: packageRoot + "/" + $0, endingIn: ".swift") }

    /// Everything that the one group of a pattern finds in some files.
    private func found(_ pattern: Regex<(Substring, Substring)>, in paths: [String]) -> Set<String> {
        Set(paths.flatMap { contents(of: $0).matches(of: pattern).map { String($0.1) } })
    }

    /// The values of the first `enum: […]` of a contract after these texts, which follow each other.
    private func values(in contract: String, after marks: String...) throws -> Set<String> {
        var rest = contract[...]
        for mark in marks + ["enum: ["] { rest = rest[try #require(rest.firstRange(of: mark), "no \(mark)").upperBound...] }
        return Set(rest.prefix { $0 != "]" }.split { ", \n".contains($0) }.map(String.init))
    }

    /// The codes of a round of quotes without an offer, whatever failures its venues have.
    private static let quoteCodes = FailureCode.allCases.map { code in
        QuoteRound([], unavailable: [UnavailableVenue("venue", OrderFailure(code))]).failure.code.rawValue
    }

    /// The codes that the edge itself answers.
    private func edgeCodes() -> Set<String> {
        let edge = files(in: packageRoot + "/deploy/nginx", endingIn: ".conf")
        var codes = found(/"code":"([A-Z_]+)"/, in: edge)
        for path in edge {
            for map in contents(of: path).matches(of: /map \$\w+ \$problem_code \{([^}]*)\}/) {
                codes.formUnion(map.1.matches(of: /([A-Z_]{4,});/).map { String($0.1) })
            }
        }
        return codes
    }

    @Test func `every code of a refusal that services and edge can answer stands in the contract, and no other`() throws {
        let sets = found(/(?:enum|extension) ([\w.]+): [\w, ]*ProblemCode\b/, in: Self.swift)
        #expect(sets == ["HTTPCode", "Code", "RequestRefusal.Code", "FailureCode"], "a set of codes that this test does not know")
        var codes = Set(Problem.Code.allCases.map(\.rawValue) + HTTPCode.allCases.map(\.rawValue) + RequestRefusal.Code.allCases.map(\.rawValue))
        codes.formUnion(Self.quoteCodes)
        let edge = edgeCodes()
        #expect(edge.contains("UPSTREAM_UNAVAILABLE"))
        codes.formUnion(edge)
        let listed = try values(in: Self.openapi, after: "\n    ProblemCode:\n")
        #expect(codes.subtracting(listed).sorted() == [], "in the code and not in openapi.yaml")
        #expect(listed.subtracting(codes).sorted() == [], "in openapi.yaml and not in the code")
        let page = contents(of: packageRoot + "/docs/api.md")
        #expect(listed.filter { !page.contains($0) }.sorted() == [], "not in api.md")
    }

    @Test func `every code of a failure and of an error frame stands in the contract, and no other`() throws {
        let failures = found(/case \.\w+: "([A-Z_]+)"/, in: Self.swift.filter { $0.hasSuffix("/FailureCode.swift") })
        #expect(failures == Set(FailureCode.allCases.map(\.rawValue)))
        #expect(try values(in: Self.openapi, after: "\n    Failure:\n") == failures)
        let frames = found(/case \w+ = "([A-Z_]+)"/, in: Self.swift.filter { $0.hasSuffix("/NativeReply.swift") })
        #expect(!frames.isEmpty)
        #expect(try values(in: Self.asyncapi, after: "\n    error:\n", "code:") == frames)
    }

    @Test func `every code that a socket is closed with stands in the contract, and no other`() throws {
        let sockets = Self.swift.filter { $0.contains("/HTTP/WebSocket/") || $0.contains("/NotifierService/") }
        var codes = found(/static let \w+: CloseCode = (\d{4})/, in: sockets).union(found(/close\(code: (\d{4})/, in: sockets))
        // These are never sent: they are what a client is told if no close frame came.
        codes.subtract([CloseCode.noStatus, .abnormal].map(\.description))
        let section = try #require(Self.asyncapi.firstMatch(of: /\nx-close-codes:\n((?: .*\n)+)/)).1
        let listed = section.matches(of: #/(?:^|\n)  (\d{4}):/#).map { String($0.1) }
        #expect(codes.contains("1013") && codes.contains("4404"))
        #expect(listed == codes.sorted())
        let pages = ["docs/api.md", "docs/compatibility.md"].map { contents(of: packageRoot + "/" + $0) }
        #expect(listed.filter { code in !pages.allSatisfy { $0.contains(code) } } == [])
    }

    @Test func `every field of an event, and every one that an order shows, stands in the contract`() throws {
        let table = contents(of: try #require(Self.swift.first { $0.hasSuffix("/EventField.swift") })).split(separator: "static let shown")
        let schemas = Self.openapi[try #require(Self.openapi.firstRange(of: "\n  schemas:\n")).lowerBound...]
        #expect(table.count == 2)
        for (fields, schema) in zip(table, ["Event", "Order"]) {
            let mark = "\n    \(schema):\n"
            let rest = schemas[try #require(schemas.firstRange(of: mark)).upperBound...]
            let text = rest.prefix(upTo: rest.firstMatch(of: /\n    \w+:\n/)?.range.lowerBound ?? rest.endIndex)
            let names = fields.matches(of: /field\("(\w+)", \\\./).map(\.1)
            #expect(names.contains("quotes") && names.filter { !text.contains("\n        \($0): ") } == [], "\(schema)")
        }
    }

    @Test func `every dialect's socket stands in both contracts and on the page of the dialects`() {
        for path in Dialects.all.map({ $0.socket.path }) {
            #expect(Self.asyncapi.contains("address: \(path.replacing("{id}", with: "{orderId}"))\n"))
            #expect(Self.openapi.contains("\n  \(path):\n"))
            #expect(contents(of: packageRoot + "/docs/compatibility.md").contains(path))
        }
    }
}
