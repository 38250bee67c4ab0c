import EventLoop
import Glibc
import TestSupport
import Testing

/// Texts that may be in the place of a number.
enum Extremes {
    /// Whole numbers around the bounds of the types that programs use, and texts that are hardly a number or none.
    static let all =
        whole + [
            "-0", "-0.0", "0.5", "1.0000000000000000000001", "1e3", "1e400", "-1e400", "1e-400", "0.30000000000000004", "NaN", "Infinity", "-inf",
            "undefined", "null", "", " ", "12-0", "0x7fffffffffffffff", "٣", long,
        ]

    static let whole = [
        "-9223372036854775809", "-9223372036854775808", "-9223372036854775807", "-2147483649", "-1", "0", "1", "2147483647", "2147483648",
        "4294967295", "4294967296", "9007199254740991", "9007199254740992", "9007199254740993", "9223372036854775806", "9223372036854775807",
        "9223372036854775808", "18446744073709551615", "18446744073709551616", "340282366920938463463374607431768211456",
    ]

    /// 10,000 digits.
    static let long = String(repeating: "9", count: 10_000)

    /// A value as it is written in a URL.
    static func escaped(_ value: String) -> String {
        value.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), 0x2d, 0x2e:
                String(UnicodeScalar(byte))
            default: "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
        }.joined()
    }
}

/// The processes of an engine, as they were at the beginning of a test.
@ServiceActor
struct Survivors {
    private let engine: Engine
    private let pids: [StackService: pid_t?]

    init(of engine: Engine) {
        self.engine = engine
        pids = Dictionary(uniqueKeysWithValues: StackService.allCases.map { ($0, engine.stack.livingPID($0)) })
    }

    /// Checks that each process lives and answers, and that an order is confirmed.
    func check(_ location: SourceLocation = #_sourceLocation) async throws {
        for service in StackService.allCases {
            let pid = engine.stack.livingPID(service)
            #expect(pid != nil && pid == pids[service] ?? nil, "\(service) has ended", sourceLocation: location)
            let answer = try await engine.send("GET", "/health/live", to: service)
            #expect(answer.status == 200, "\(service): \(answer.text)", sourceLocation: location)
        }
        let ids = try await engine.place(count: 5)
        try await engine.waitForEnd(ids)
        for id in ids { try await engine.auditEvents(id, "confirmed", location) }
    }
}
