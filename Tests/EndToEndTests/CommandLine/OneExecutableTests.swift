import EventLoop
import Glibc
import TestSupport
import Testing

/// Tests the executable of the image, which is every program.
@Suite("One executable", .onLoop) @ServiceActor
struct OneExecutableTests {
    @Test(arguments: StackService.allCases.map(\.rawValue) + ["orderctl"])
    func `A link to it is the program whose name the link has`(program: String) async throws {
        let own = try await Stack.run(tool: program, ["--help"])
        let linked = try await Self.run(called: program, ["--help"])
        #expect(own.code == 0 && own.output.contains(program))
        #expect(linked.code == own.code && linked.output == own.output)
    }

    @Test func `By another name it ends with 64 and says which names it knows`() async throws {
        let (code, output) = try await Self.run(called: "gateways", [])
        #expect(code == 64)
        #expect(output == "gateways: call this by a link with the name gateway, router, executor, notifier or orderctl.\n")
    }

    private static func run(called name: String, _ arguments: [String]) async throws -> (code: Int32, output: String) {
        let directory = try temporaryDirectory("link")
        defer { removeDirectory(directory) }
        try #require(symlink(Stack.executable("engine"), "\(directory)/\(name)") == 0)
        return try await ChildProcess.run(["\(directory)/\(name)"] + arguments)
    }
}
