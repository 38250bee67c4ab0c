import EventLoop
import Glibc
import TestSupport

/// The edge of `make run`, in front of the gateways, routers and notifiers that a stack has when the edge starts.
@ServiceActor
final class Edge {
    let url: String
    private let process: ChildProcess
    private let directory: String

    init(_ stack: Stack, gateways: Int = 1) async throws {
        let port = try freePort()
        url = "http://127.0.0.1:\(port)"
        directory = try temporaryDirectory("edge")
        // If root starts nginx, its workers run as nobody.
        chmod(directory, 0o777)
        mkdir("\(directory)/scratch", 0o777)
        let services: [(StackService, [UInt16])] = [
            (.gateway, (1...gateways).map { stack.port(.gateway, $0) }), (.notifier, [stack.port(.notifier)]), (.router, [1]),
        ]
        let upstreams = services.map { service, ports in
            "upstream \(service.rawValue) { \(ports.map { "server 127.0.0.1:\($0);" }.joined(separator: " ")) }"
        }
        let values = [
            "USER": geteuid() == 0 ? "user nobody nogroup;" : "", "PID": "\(directory)/pid", "LOG": "\(directory)/log",
            "SCRATCH": "\(directory)/scratch", "DEPLOY": "\(packageRoot)/deploy/nginx", "FILES": "4096", "CONNECTIONS": "1024",
            "LISTEN": "listen 127.0.0.1:\(port);", "UPSTREAMS": upstreams.joined(separator: "\n"),
        ]
        let text = values.reduce(contents(of: "\(packageRoot)/deploy/nginx/local.conf")) { $0.replacing("@\($1.key)@", with: $1.value) }
        let config = "\(directory)/nginx.conf"
        try write(text, to: config)
        process = try ChildProcess(["/usr/sbin/nginx", "-e", "\(directory)/log", "-p", directory, "-c", config], output: "\(directory)/output")
        try await eventually { [process] in
            if let status = process.exitStatus() { throw TestFailure("nginx ended with \(status): \(contents(of: "\(directory)/log"))") }
            return (try? RawConnection(port: port))?.close() != nil
        }
    }

    /// Runs orderctl against the edge.
    func orderctl(_ words: String...) async throws -> (code: Int32, output: String) {
        try await Stack.run(tool: "orderctl", words, environment: ["ORDERCTL_URL": url, "PATH": "/usr/bin:/bin"])
    }

    func stop() async throws {
        try await process.stop(SIGTERM)
        removeDirectory(directory)
    }
}

/// Runs `body` with an edge in front of the test's engine.
@ServiceActor
func withEdge(gateways: Int = 1, _ body: @ServiceActor (Edge, Engine) async throws -> Void) async throws {
    let engine = Engine.current
    let edge = try await Edge(engine.stack, gateways: gateways)
    do {
        try await body(edge, engine)
    } catch {
        try await edge.stop()
        throw error
    }
    try await edge.stop()
}
