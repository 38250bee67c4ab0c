import EventLoop
import JSON
import TestSupport

/// A request with `{x}` in the place of one value.
struct ExtremeRequest: Sendable {
    let method: String
    let path: String
    var headers: [(String, String)] = []
    var body: String?

    /// The request with a value in that place.
    func with(_ value: String) -> ExtremeRequest {
        ExtremeRequest(
            method: method, path: path.replacing("{x}", with: Extremes.escaped(value)),
            headers: headers.map { ($0.0, $0.1.replacing("{x}", with: value)) }, body: body?.replacing("{x}", with: value))
    }

    /// A request for every input that the contract knows, as far as a service has its path. So none can be forgotten.
    @ServiceActor
    static func all(of contract: Contract, order id: String, servedBy service: StackService, _ engine: Engine) async throws -> [ExtremeRequest] {
        var requests: [ExtremeRequest] = []
        for operation in contract.operations {
            let plain = ExtremeRequest(operation, id)
            let answer = try await engine.send(plain.method, plain.path, to: service, headers: plain.headers, body: plain.body)
            guard ![404, 405].contains(answer.status) || answer.json["code"]?.string?.hasPrefix("UNKNOWN_") == true else { continue }
            for input in operation.inputs { requests += plain.asking(for: input, of: operation, id) }
        }
        return requests
    }

    /// The operation with what it cannot do without.
    private init(_ operation: Contract.Operation, _ id: String) {
        let letter = operation.path.contains("dead-letters") ? "0-1-1" : id
        let query = operation.path == "/api/quotes" ? "?tokenIn=SOL&tokenOut=USDC&amount=1" : ""
        self.init(method: operation.method, path: operation.path.replacing("{id}", with: letter) + query)
        guard method == "POST" else { return }
        headers = [("Content-Type", "application/json")]
        body = "{}"
    }

    init(method: String, path: String, headers: [(String, String)] = [], body: String? = nil) {
        (self.method, self.path, self.headers, self.body) = (method, path, headers, body)
    }

    /// The request with `{x}` in the place of an input, in each form that it may have.
    private func asking(for input: Contract.Input, of operation: Contract.Operation, _ id: String) -> [ExtremeRequest] {
        var request = self
        switch input.place {
        case .path:
            let path = operation.path.replacing("{\(input.name)}", with: "{x}")
            return [ExtremeRequest(method: method, path: path, headers: headers, body: body)]
        case .query:
            let parts = path.split(separator: "?", maxSplits: 1)
            let others = parts.count < 2 ? [] : parts[1].split(separator: "&").filter { !$0.hasPrefix(input.name + "=") }.map(String.init)
            let query = (others + ["\(input.name)={x}"]).joined(separator: "&")
            return [ExtremeRequest(method: method, path: "\(parts[0])?\(query)", headers: headers, body: body)]
        case .header:
            request.headers.append((input.name, "{x}"))
            if input.name == "Last-Event-ID" { request.headers.append(("Accept", "text/event-stream")) }
            if path == "/api/orders/execute" { request.body = Self.body(with: nil, "") }
            return [request]
        case .body:
            return ["{x}", "\"{x}\""].map { form in
                request.body = path == "/api/orders/execute" ? Self.body(with: input.name, form) : #"{"\#(input.name)":\#(form)}"#
                return request
            }
        }
    }

    /// The names of an order's fields that stand in each other's place.
    private static let spellings = [["tokenIn", "inputToken", "token_in"], ["tokenOut", "outputToken", "token_out"], ["amount", "amountIn"]]

    /// An order with a value of its own under this name.
    private static func body(with name: String?, _ value: String) -> String {
        let usual = [#""SOL""#, #""USDC""#, "1"]
        var members = zip(spellings, usual).filter { names, _ in name.map { !names.contains($0) } ?? true }.map { #""\#($0[0])":\#($1)"# }
        if let name { members.append(#""\#(name)":\#(value)"#) }
        if name == "inputToken" || name == "outputToken" { members.append(#""userId":"u""#) }
        return "{" + members.joined(separator: ",") + "}"
    }
}
