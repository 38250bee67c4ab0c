public import EventLoop
internal import Glibc

/// A server whose certificate is trusted only with its own file. It answers every `GET` with a page of HTML.
@ServiceActor
public final class TLSServer {
    /// The server's URL.
    public let url: String
    /// The path of the certificate to trust.
    public let certificate: String
    private let process: ChildProcess

    /// Runs a server while `body` runs.
    public static func with(_ body: @ServiceActor (TLSServer) async throws -> Void) async throws {
        let folder = try temporaryDirectory("tls")
        defer { removeDirectory(folder) }
        let files = try await TestCertificate.make(in: folder)
        let server = try TLSServer(key: files.key, certificate: files.certificate)
        do {
            try await eventually { isListening(server.port) }
            try await body(server)
        } catch {
            try await server.process.stop(SIGKILL)
            throw error
        }
        try await server.process.stop(SIGKILL)
    }

    private let port: UInt16

    private init(key: String, certificate: String) throws {
        port = try freePort()
        url = "https://127.0.0.1:\(port)"
        self.certificate = certificate
        process = try ChildProcess(["openssl", "s_server", "-accept", "127.0.0.1:\(port)", "-key", key, "-cert", certificate, "-www", "-quiet"])
    }

    private static func isListening(_ port: UInt16) -> Bool {
        guard let connection = try? RawConnection(port: port) else { return false }
        connection.close()
        return true
    }
}
