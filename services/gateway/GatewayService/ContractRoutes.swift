internal import EventLoop
internal import HTTP
internal import Observability
internal import ServiceKit

/// `GET /openapi.yaml` and `/asyncapi.yaml`, the contract in the form that tools read, and `/runbook.md`, to which alerts link.
@ServiceActor
struct ContractRoutes {
    private static let types = ["openapi.yaml": "application/yaml", "asyncapi.yaml": "application/yaml", "runbook.md": "text/plain; charset=utf-8"]

    private let files: [(name: String, type: String, bytes: [UInt8])]

    /// Reads the files. A missing file is logged and not served: the gateway starts without it.
    init(folder: String, log: Logger) {
        var files: [(name: String, type: String, bytes: [UInt8])] = []
        for (name, type) in Self.types {
            do {
                files.append((name, type, try ConfigurationFile.read("\(folder)/\(name)", setting: "CONTRACTS_DIR")))
            } catch {
                log.warning("contract.not_served", ["reason": .string(error.description)])
            }
        }
        self.files = files
    }

    func add(to router: HTTPRouter) {
        for (name, type, bytes) in files {
            router.get("/\(name)", query: [], for: .open) { _, _ in
                HTTPResponse(status: 200, headers: [("Content-Type", type)], body: bytes)
            }
        }
    }
}
