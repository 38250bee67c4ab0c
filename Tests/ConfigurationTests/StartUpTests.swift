import Testing

@testable import Configuration

@Suite struct StartUpTests {
    private func start<Service: ServiceSettings>(
        _ service: Service.Type, _ arguments: [String] = [], environment: [String: String] = [:]
    ) -> StartUp<Service> {
        StartUp(purpose: "routes orders.", version: "1.2.3", arguments: arguments, environment: environment)
    }

    @Test func `without arguments a service serves with its settings`() {
        guard case .serve(let settings) = start(RouterSettings.self, environment: ["PORT": "9000"]) else {
            Issue.record("expected to serve")
            return
        }
        #expect(settings.common.port == 9000)
    }

    @Test func `wrong settings end with 78 and every mistake`() {
        guard case .refuse(let message, let code) = start(NotifierSettings.self, environment: ["PORT": "x"]) else {
            Issue.record("expected a refusal")
            return
        }
        #expect(code == 78)
        #expect(message.contains("PORT=\"x\"") && message.contains("DATABASE_URL must be set"))
        #expect(message.hasSuffix("Run notifier --help for the list of settings.\n"))
    }

    @Test(arguments: [(["--port", "80"], "--port"), (["serve"], "serve"), (["--help", "x"], "x"), ([""], "")])
    func `an unknown argument ends with 64 and is named`(arguments: [String], unknown: String) {
        guard case .refuse(let message, let code) = start(RouterSettings.self, arguments) else {
            Issue.record("expected a refusal")
            return
        }
        #expect(code == 64)
        #expect(message.hasPrefix("Unknown argument \"\(unknown)\": only --help and --version are known"))
    }

    @Test func `known arguments are not combined`() {
        #expect(throws: UsageError(argument: nil)) { try ServiceArguments(arguments: ["--help", "--version"]) }
    }

    @Test func `the version is shown even where settings are wrong`() {
        guard case .show(let text) = start(GatewaySettings.self, ["--version"]) else {
            Issue.record("expected text")
            return
        }
        #expect(text == "gateway 1.2.3\n")
    }

    @Test(arguments: ["--help", "-h"])
    func `help lists each setting with its default, unit and meaning`(argument: String) throws {
        guard case .show(let text) = start(RouterSettings.self, [argument]) else {
            Issue.record("expected text")
            return
        }
        #expect(text.hasPrefix("router: routes orders.\n\nUsage: router [--help | --version]\n"))
        let lines = text.split(separator: "\n").map { $0.split(separator: "  ").map { $0.trimmingSpaces() } }
        for setting in RouterSettings.descriptions {
            let line = try #require(lines.first { $0.first == setting.name }, "\(setting.name) is missing")
            #expect(line[1] == setting.defaultText)
            #expect(line[2] == (setting.unit.isEmpty ? "-" : setting.unit))
            #expect(line[3].hasPrefix(setting.meaning))
        }
        #expect(!text.contains("DATABASE_URL"))
        #expect(text.contains("  78  wrong settings"))
    }
}

extension Substring {
    fileprivate func trimmingSpaces() -> String { String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()) }
}
