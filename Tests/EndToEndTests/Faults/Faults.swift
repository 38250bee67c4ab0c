import EventLoop
import Glibc
import Postgres
import TestSupport
import Testing

/// The faults of a stack that no other suite causes, one file per kind. With FAULTS_FULL=1 each fault lasts as long, and as many clients come, as an
/// operator would fear. The usual run takes only as long as the fault needs to show.
enum Faults {
    /// Whether there is time for the full faults.
    static let isFull = getenv("FAULTS_FULL").map { String(cString: $0) == "1" } ?? false

    /// Returns the first value in a full run, and the second in a usual one.
    static func full<Value>(_ full: Value, else usual: Value) -> Value { isFull ? full : usual }

    /// Prints a measurement beside the test's result.
    static func report(_ what: String, _ duration: Duration, of limit: Duration? = nil) {
        print("measured: \(what): \(duration.inMilliseconds) ms" + (limit.map { " of \($0.inMilliseconds) ms" } ?? ""))
    }
}

extension Duration {
    var inMilliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}

/// What the first replica of each service logs and uses from here on.
@ServiceActor
struct Watch {
    private let engine: Engine
    private let start = MonotonicInstant.now
    private let before: [(service: StackService, lines: Int, processor: Duration)]

    init(_ engine: Engine) {
        self.engine = engine
        before = StackService.allCases.map { ($0, engine.lines($0).count, engine.stack.usage($0).processor) }
    }

    /// Checks that no process is busy for nothing: it logs under ten lines per second and uses under half a core.
    func expectCalm(sourceLocation: SourceLocation = #_sourceLocation) {
        let elapsed = start.elapsed
        for (service, lines, processor) in before {
            let logged = engine.lines(service).count - lines
            let used = engine.stack.usage(service).processor - processor
            print("measured: \(service): \(logged) lines and \(used.inMilliseconds) ms of processor in \(elapsed.inMilliseconds) ms")
            #expect(logged < 10 * Int(elapsed.seconds + 1), "\(service)", sourceLocation: sourceLocation)
            #expect(used < elapsed / 2, "\(service)", sourceLocation: sourceLocation)
        }
    }
}

extension Engine {
    /// What Postgres has of each order: its row and its events as one text.
    func rows() async throws -> [String: String] {
        let sql = """
            SELECT order_id::text AS id, to_jsonb(r)::text AS text FROM order_rows r
            """
        let rows = try await postgres.query(sql, []).rows
        return Dictionary(uniqueKeysWithValues: rows.map { ($0["id"] ?? "", $0["text"] ?? "") })
    }

    /// This machine's time, in Unix milliseconds.
    var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// A time of a log or an event, in Unix milliseconds.
    func milliseconds(of time: String) async throws -> Int64 {
        let result = try await postgres.query("SELECT (extract(epoch FROM $1::timestamptz) * 1000)::bigint::text", [.text(time)])
        return try #require(result.first?[0].flatMap { Int64($0) })
    }

    /// Waits until the test's own connection to Postgres is back.
    func waitForPostgres() async throws { try await eventually { (try? await self.postgres.query("SELECT 1", [])) != nil } }

    /// Waits until Postgres shows the orders with a status.
    func waitUntilStored(_ ids: [String], as status: String) async throws {
        try await eventually {
            let sql = "SELECT count(*) FROM orders WHERE id = ANY($1::text[]::uuid[]) AND status = $2"
            return try await self.postgres.query(sql, [.textArray(ids), .text(status)]).first?[0] == String(ids.count)
        }
    }
}
