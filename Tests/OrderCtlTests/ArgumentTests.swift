import EventLoop
import HTTP
import TestSupport
import Testing

@testable import OrderCtl

@Suite(.onLoop) @ServiceActor
struct ArgumentTests {
    /// Each asks nobody: nothing listens on port 1.
    @Test(arguments: [
        (["dead"], "\"dead\" is no command"),
        (["dead", "lst"], "\"dead lst\" is no command; there are \"dead list\", \"dead retry\", \"dead drop\""),
        (["banana"], "\"banana\" is no command; orderctl --help"), (["undead"], "\"undead\" is no command; did you mean dead? orderctl --help"),
        (["quot", "SOL", "USDC", "1"], "did you mean quote?"), (["sumbit"], "did you mean submit?"), (["LAG2"], "did you mean lag?"),
        (["x"], "\"x\" is no command; orderctl --help"),
        (["dead", "list", "--limit"], "--limit needs a value"),
        (["dead", "list", "--limit", "0"], "--limit has to be a whole number from 1"),
        (["dead", "list", "--limit", "many"], "not \"many\""),
        (["dead", "list", "--limit=1", "--limit=2"], "--limit was given twice"),
        (["dead", "list", "--colour"], "There is no option --colour here"),
        (["dead", "list", "0-1-0"], "\"0-1-0\" is too much for orderctl dead list"),
        (["dead", "retry"], "Which letters?"),
        (["dead", "retry", "--all", "0-1-0"], "Give ids or --all, not both"),
        (["dead", "drop", "0-1-0", "--reason", "MALFORMED"], "--reason goes with --all"),
        (["reconcile", "--url", "localhost:3000"], "--url has to be a URL such as http://localhost:3000"),
        (["reconcile", "--url", "http://a b"], "--url has to be a URL"),
        (["reconcile", "--url="], "--url needs a value"),
        (["--url", "http://localhost"], "The command is missing"),
    ])
    func `a command line that cannot be used ends with 64 and one sentence`(_ words: [String], _ sentence: String) async {
        let run = await ToolRun.of(words, environment: ["PORT": "1"])
        #expect(run.status == .usage && run.output.isEmpty)
        #expect(run.errors.hasPrefix("orderctl: ") && run.errors.contains(sentence), "\(run.errors)")
        #expect(run.errors.split(separator: "\n").count == 1)
    }

    @Test(
        arguments: [
            (nil, [:], "http://localhost:3000"),
            (nil, ["PORT": "8081"], "http://localhost:8081"),
            (nil, ["PORT": "", "ORDERCTL_URL": ""], "http://localhost:3000"),
            (nil, ["PORT": "8081", "ORDERCTL_URL": "https://engine.example/base/"], "https://engine.example/base"),
            ("http://[::1]:9/", ["ORDERCTL_URL": "https://engine.example"], "http://[::1]:9"),
        ] as [(String?, [String: String], String)])
    func `the engine is where the option says, else the variable, else the port`(
        _ option: String?, _ environment: [String: String], _ url: String
    ) throws {
        #expect(try EngineURL.find(option: option, environment: environment) == url)
    }

    @Test(arguments: ["x", "0", "65536", "-1"])
    func `a port that is none is refused`(_ port: String) async {
        let run = await ToolRun.of(["reconcile"], environment: ["PORT": port])
        #expect(run.status == .usage && run.errors.contains("PORT has to be a port"))
    }

    @Test(arguments: [
        ("http://localhost:3000", true), ("http://127.0.0.1", true), ("https://[::1]:3/x", true), ("http://localhost.example", false),
        ("http://10.0.0.1:127", false),
    ])
    func `a proxy is never asked for this machine`(_ url: String, _ isLocal: Bool) { #expect(HTTPClientOptions.isLocal(url) == isLocal) }

    @Test func `an option stands anywhere, and after two dashes nothing is one`() throws {
        var arguments = Arguments(["a", "--limit=5", "b", "--all", "--", "--c", "-d"])
        let limit = try arguments.takeNumber("--limit", in: 1...9)
        let takesAll = arguments.takeFlag("--all")
        let operands = try arguments.takeOperands()
        #expect(limit == 5 && takesAll && operands == ["a", "b", "--c", "-d"])
        let rest = try arguments.takeOperands()
        #expect(rest.isEmpty)
    }

    // MARK: Help

    @Test(arguments: OrderCtl.commands.map { $0.manual.words })
    func `every command is explained, with its options, examples and exit codes`(_ words: [String]) async {
        for asked in [words + ["--help"], ["--help"] + words, ["help"] + words, words + ["-h", "--bad"]] {
            let run = await ToolRun.of(asked)
            #expect(run.status == .ok && run.errors.isEmpty)
            for part in ["Usage: orderctl \(words.joined(separator: " "))", "--url URL", "--json", "Examples:", "Exit codes:", "64", "69"] {
                #expect(run.output.contains(part), "\(asked) lacks \(part)")
            }
            #expect(run.output.split(separator: "\n").allSatisfy { $0.count <= 100 })
        }
    }

    @Test func `help of all lists every command, help of a family its own`() async {
        for words in [[], ["--help"], ["help"]] {
            let run = await ToolRun.of(words)
            #expect(run.status == .ok)
            for command in OrderCtl.commands { #expect(run.output.contains("  \(command.manual.name)  ")) }
        }
        let family = await ToolRun.of(["dead", "--help"])
        #expect(family.output.contains("  dead drop") && !family.output.contains("  reconcile"))
        #expect(await ToolRun.of(["undead", "--help"]).status == .usage)
    }
}
