public import EventLoop

/// A certificate that trusts itself, and its key.
@ServiceActor
public struct TestCertificate: Sendable {
    /// The path of the key.
    public let key: String
    /// The path of the certificate. Whoever trusts this file trusts its owner.
    public let certificate: String

    /// Makes the files in a folder, for these names and addresses (`DNS:localhost`, `IP:127.0.0.1`).
    public static func make(
        in folder: String, called name: String = "server", for names: [String] = ["DNS:localhost", "IP:127.0.0.1"]
    ) async throws -> TestCertificate {
        let files = TestCertificate(key: "\(folder)/\(name)-key.pem", certificate: "\(folder)/\(name).pem")
        let made = try await ChildProcess.run([
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=\(name)",
            "-addext", "subjectAltName=\(names.joined(separator: ","))", "-keyout", files.key, "-out", files.certificate,
        ])
        guard made.code == 0 else { throw TestFailure("openssl made no certificate: \(made.output)") }
        return files
    }
}
