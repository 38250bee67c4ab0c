import Configuration
import Glibc
import Testing

struct ReadmeTests {
    private static let readme: String = {
        let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
        guard let file = fopen(root + "/README.md", "r") else { return "" }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        return String(decoding: bytes[..<fread(&bytes, 1, bytes.count, file)], as: UTF8.self)
    }()

    @Test(arguments: [
        GatewaySettings.descriptions, RouterSettings.descriptions, ExecutorSettings.descriptions, NotifierSettings.descriptions,
    ])
    func `every setting stands in the README's table with its default and meaning`(settings: [SettingDescription]) {
        for setting in settings {
            let row = Self.readme.split(separator: "\n").first { $0.hasPrefix("| `\(setting.name)` |") }
            #expect(row != nil, "\(setting.name) is missing")
            #expect(row?.contains(setting.meaning) == true && row?.contains(setting.defaultText) ?? false, "\(setting.name) reads otherwise")
        }
    }
}
