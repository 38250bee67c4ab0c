import Glibc
import JSON
import Observability
import Testing

/// Each test ends a process of its own.
struct CrashLineTests {
    private func line(_ result: ExitTest.Result?) throws -> String {
        let text = String(decoding: try #require(result).standardOutputContent, as: UTF8.self)
        let lines = text.split(separator: "\n").filter { $0.contains("process.crashed") }
        #expect(lines.count == 1)
        return try #require(lines.first.map(String.init))
    }

    @Test func `a sum that overflows leaves one line with its signal and its place, as JSON`() async throws {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardOutputContent]) {
            CrashLine.install(service: "gateway", instance: "gateway-a-1", format: .json)
            var number = Int.max
            number += Int(CommandLine.argc)
            print(number)
        }
        let fields = try JSONValue.parse(try line(result))
        #expect(fields["event"]?.string == "process.crashed" && fields["level"]?.string == "error")
        #expect(fields["service"]?.string == "gateway" && fields["instance"]?.string == "gateway-a-1")
        #expect(["SIGILL", "SIGTRAP"].contains(fields["signal"]?.string))
        #expect(fields["instruction"]?.string?.hasPrefix("0x") == true && fields["address"]?.string?.hasPrefix("0x") == true)
        #expect(fields["reason"]?.string?.contains("a check of the program has failed") == true)
        var now = time(nil)
        var parts = tm()
        gmtime_r(&now, &parts)
        let year = String(1900 + Int(parts.tm_year))
        #expect(fields["time"]?.string?.hasPrefix(year) == true && fields["time"]?.string?.utf8.count == 24)
    }

    @Test func `an abort leaves one line as text, and ends by its own signal`() async throws {
        let result = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardOutputContent]) {
            CrashLine.install(service: "notifier", instance: "n", format: .text)
            abort()
        }
        let text = try line(result)
        #expect(text.contains("Z ERROR   notifier process.crashed signal=SIGABRT address=0x"))
    }

    @Test func `memory that is not there leaves its address`() async throws {
        let result = await #expect(processExitsWith: .signal(SIGSEGV), observing: [\.standardOutputContent]) {
            CrashLine.install(service: "router", instance: "r", format: .text)
            UnsafeMutablePointer<Int>(bitPattern: 0x40 + Int(CommandLine.argc) - Int(CommandLine.argc))?.pointee = 1
        }
        #expect(try line(result).contains("signal=SIGSEGV address=0x40 "))
    }

    @Test func `a signal that somebody has sent ends the process with a line`() async throws {
        let result = await #expect(processExitsWith: .signal(SIGBUS), observing: [\.standardOutputContent]) {
            CrashLine.install(service: "router", instance: "r", format: .json)
            CrashLine.install(service: "router", instance: "r-2", format: .json)
            kill(getpid(), SIGBUS)
            while true { pause() }
        }
        let text = try line(result)
        #expect(text.contains("\"instance\":\"r-2\"") && text.contains("has sent the signal"))
    }
}
