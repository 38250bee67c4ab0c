import Configuration
import Orders
import ServiceKit

@testable import GatewayService
@testable import HTTP
@testable import Pipeline

extension TestProcess where Settings == GatewaySettings {
    /// An acceptance whose samplers do not run, so that it accepts orders up to `backlog`.
    func acceptance(backlog: Int = 1000, marks: FakeMarks = FakeMarks()) throws -> Acceptance {
        let admission = Admission(
            limits: AdmissionLimits(maxBacklog: backlog, maxWait: nil), lag: LagSampler(pipeline: pipeline),
            pressure: RedisPressure(redis: redis, log: process.log), intake: IntakeWatch(pipeline: pipeline))
        return try Acceptance(
            settings: settings, process: process, tokens: try Samples.tokens(), triggers: TriggerCheck(marks, process), admission: admission,
            outcomes: Acceptance.outcomes(in: process.metrics))
    }
}

extension Acceptance {
    /// Accepts a body of JSON. A refusal is returned as its problem.
    func accept(_ body: String, key: String? = nil) async -> Result<Accepted, Problem> {
        var headers = HTTPHeaders()
        headers.append(name: "Content-Type", value: "application/json")
        if let key { headers.append(name: "Idempotency-Key", value: key) }
        let request = HTTPRequest(
            method: "POST", target: RequestTarget("/api/orders/execute")!, headers: headers, body: Array(body.utf8), peerAddress: .unspecified)
        do throws(Problem) { return .success(try await accept(request).0) } catch { return .failure(error) }
    }
}
