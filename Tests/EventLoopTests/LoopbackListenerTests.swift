import EventLoop
import Glibc
import TestSupport
import Testing

/// The tests' own servers.
@Suite(.onLoop) @ServiceActor
struct LoopbackListenerTests {
    @Test func `a connection ends when its server closes it, though a process was started meanwhile`() async throws {
        let listener = try LoopbackListener()
        defer { listener.close() }
        let connection = try RawConnection(port: listener.port)
        defer { connection.close() }
        let client = try await eventually { listener.accept() }
        let folder = try temporaryDirectory("listener")
        defer { removeDirectory(folder) }
        let process = try ChildProcess(["sleep", "60"], output: "\(folder)/output")
        close(client)
        #expect(try await connection.readToEnd() == "")
        try await process.stop(SIGKILL)
    }
}
