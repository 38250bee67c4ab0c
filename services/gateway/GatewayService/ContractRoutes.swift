internal import EventLoop
internal import HTTP
internal import Observability
internal import ServiceKit

/// `GET /openapi.yaml` and `/asyncapi.yaml`: what the engine promises, in the form that tools read.
@ServiceActor
struct ContractRoutes {
    private static let names = ["openapi.yaml", "asyncapi.yaml"]

    private let contents: [(name: String, bytes: [UInt8])]

    /// Reads the files. One that is missing is not served, and said in the log: no order waits for a description.
    init(folder: String, log: Logger) {
        var contents: [(name: String, bytes: [UInt8])] = []
        for name in Self.names {
            do {
                contents.append((name, try ConfigurationFile.read("\(folder)/\(name)", setting: "CONTRACTS_DIR")))
            } catch {
                log.warning("contract.not_served", ["reason": .string(error.description)])
            }
        }
        self.contents = contents
    }

    func add(to router: HTTPRouter) {
        for (name, bytes) in contents {
            router.get("/\(name)") { _, _ in HTTPResponse(status: 200, headers: [("Content-Type", "application/yaml")], body: bytes) }
        }
    }
}
