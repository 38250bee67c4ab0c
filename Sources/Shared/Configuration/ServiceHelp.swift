/// The answer of a service to `--help`.
struct ServiceHelp {
    private let name: String
    private let purpose: String
    private let settings: [SettingDescription]

    init(_ type: (some ServiceSettings).Type, purpose: String) {
        name = type.serviceName
        self.purpose = purpose
        settings = type.descriptions
    }

    var text: String {
        """
        \(name): \(purpose)

        Usage: \(name) [--help | --version]

        Settings, by environment variable (an empty one counts as not set):
        \(table)

        Exit codes:
          \(ServiceExitCode.success)   stopped as asked
          \(ServiceExitCode.usage)  unknown arguments
          \(ServiceExitCode.configuration)  wrong settings; all of them are listed on standard error

        """
    }

    private var table: String {
        let header = ["NAME", "DEFAULT", "UNIT", "MEANING"]
        let rows = settings.map { setting in
            let allowed = setting.allowed.isEmpty ? "" : " (\(setting.allowed))"
            return [setting.name, setting.defaultText, setting.unit.isEmpty ? "-" : setting.unit, setting.meaning + allowed]
        }
        let widths = (0..<3).map { column in ([header] + rows).map { $0[column].count }.max() ?? 0 }
        return ([header] + rows).map { row in
            let cells = zip(row, widths).map { cell, width in cell + String(repeating: " ", count: width - cell.count) }
            return "  " + (cells + [row[3]]).joined(separator: "  ")
        }.joined(separator: "\n")
    }
}
