internal import EventLoop
internal import Glibc

/// Runs one case that often: `micro-benchmark CASE COUNT`, from the root of the repository. `scripts/micro` counts what a run costs.
///
/// The cases of Redis take REDIS_URL, and those of Postgres DATABASE_URL. Each wants an empty server.
@main
struct MicroBenchmark {
    static func main() {
        let words = CommandLine.arguments
        guard words.count == 3, let found = Case.all.first(where: { $0.name == words[1] }), let count = Int(words[2]), count > 0 else {
            fail("usage: micro-benchmark CASE COUNT, with one of these cases: \(Case.all.map(\.name).joined(separator: ", "))", code: 64)
        }
        Loop.shared.run {
            do {
                try await found.run(count)
            } catch {
                fail("\(found.name): \(error)", code: 1)
            }
        }
    }

    private static func fail(_ reason: String, code: Int32) -> Never {
        let line = reason + "\n"
        write(STDERR_FILENO, line, line.utf8.count)
        exit(code)
    }
}
