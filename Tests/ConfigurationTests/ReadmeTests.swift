import Configuration
import TestSupport
import Testing

struct ReadmeTests {
    private static let readme = contents(of: packageRoot + "/README.md")
    private static let settings = [
        GatewaySettings.descriptions, RouterSettings.descriptions, ExecutorSettings.descriptions, NotifierSettings.descriptions,
    ]

    @Test(arguments: settings)
    func `every setting stands in the README's table with its default, meaning and allowed values`(settings: [SettingDescription]) {
        for setting in settings {
            let row = Self.readme.split(separator: "\n").first { $0.hasPrefix("| `\(setting.name)` |") }
            #expect(row != nil, "\(setting.name) is missing")
            for text in [setting.meaning, setting.defaultText, setting.allowed] {
                #expect(text.isEmpty || row?.contains(text) == true, "\(setting.name) reads otherwise: \(text)")
            }
        }
    }

    @Test func `compose passes every setting on, but for the paths of files that its image has`() {
        let lines = contents(of: packageRoot + "/compose.yaml").split(separator: "\n").map { $0.drop { $0 == " " } }
        let missing = Set(Self.settings.joined().map(\.name)).filter { name in !lines.contains { $0.hasPrefix(name + ":") } }
        #expect(missing == ["TOKENS_FILE", "POOLS_FILE", "CONTRACTS_DIR"])
    }
}
