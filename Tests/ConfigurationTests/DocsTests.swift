import Glibc
import TestSupport
import Testing

/// The pages that say where things are: what they name has to be there.
struct DocsTests {
    private static let roots = ["Sources/", "services/", "Tests/", "tools/", "config/", "database/", "deploy/", "docs/", "scripts/", "console/"]
    private static let names = ["README.md", "compose.yaml", "CHANGELOG.md", "CONTRIBUTING.md", "Package.swift", "Makefile"]

    private static let pages =
        ["README.md", "CONTRIBUTING.md"] + files(in: packageRoot + "/docs", endingIn: ".md").map { String($0.dropFirst(packageRoot.count + 1)) }

    @Test(arguments: pages)
    func `every path that a page names is there`(page: String) {
        let quoted = contents(of: packageRoot + "/" + page).matches(of: /`([\w.+\/-]+)`/).map { String($0.1) }
        let paths = quoted.filter { text in Self.roots.contains { text.hasPrefix($0) } || Self.names.contains(text) }
        let missing = paths.filter { access(packageRoot + "/" + $0, F_OK) != 0 }
        #expect(missing == [])
    }

    @Test(arguments: ["Sources", "services", "tools"])
    func `every public type, and every public function that throws, says what it is or does`(folder: String) {
        let declaration = /^ *public (?:(?:final|static|nonisolated|mutating|indirect) )*(?:(struct|class|enum|protocol|typealias)\b|func )/
        for file in files(in: packageRoot + "/" + folder, endingIn: ".swift") {
            let lines = contents(of: file).split(separator: "\n", omittingEmptySubsequences: false)
            for (index, line) in lines.enumerated() {
                guard let found = line.firstMatch(of: declaration) else { continue }
                let signature = lines[index...].prefix(4).joined(separator: " ").prefix { $0 != "{" }
                let before = lines[..<index].last { !$0.drop { $0 == " " }.hasPrefix("@") } ?? ""
                #expect(before.contains("///") || found.1 == nil && !signature.contains(" throws"), "\(file): \(line)")
            }
        }
    }

    @Test func `every test that docs/adding.md names is there`() {
        let tests = contents(of: packageRoot + "/docs/adding.md").matches(of: /`(\w+Tests)\/(\w+Tests)`/)
        #expect(tests.count > 5)
        for test in tests {
            let sources = files(in: packageRoot + "/Tests/" + test.1, endingIn: ".swift")
            #expect(sources.contains { contents(of: $0).contains(" \(test.2)") }, "\(test.0)")
        }
    }
}
