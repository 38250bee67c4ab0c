import CLibuv
import Glibc

@testable import EventLoop

private typealias Reader = @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
private typealias Arguments = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

/// libFuzzer as a library. It has no header; all of its parameters are passed alike in Swift and in C.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(_ count: UnsafeMutablePointer<CInt>, _ arguments: UnsafeMutablePointer<Arguments>, _ reader: Reader) -> CInt

/// The executable of `scripts/fuzz`: libFuzzer's options and the target that FUZZ_TARGET names.
@main
enum Fuzzer {
    private static let target: FuzzTarget = {
        let name = getenv("FUZZ_TARGET").map { String(cString: $0) } ?? ""
        guard let target = FuzzTarget.all.first(where: { $0.name == name }) else {
            fatalError("FUZZ_TARGET must be one of \(FuzzTarget.all.map(\.name).joined(separator: ", "))")
        }
        return target
    }()

    static func main() {
        clibuv_mark_loop_thread()
        _ = target
        var count = CommandLine.argc
        var arguments = CommandLine.unsafeArgv
        exit(
            runDriver(&count, &arguments) { bytes, count in
                Fuzzer.read(Array(UnsafeBufferPointer(start: bytes, count: count)))
                return 0
            })
    }

    @ServiceActor private static var isReading = false

    /// Reads within turns of the loop, as the services do.
    private static func read(_ input: [UInt8]) {
        ServiceActor.assume((), { isReading = true })
        Loop.spawn {
            do { try await target.read(input) } catch { fatalError("\(error)") }
            isReading = false
        }
        repeat { uv_run(Loop.shared.storage.loop, UV_RUN_NOWAIT) } while ServiceActor.assume((), { isReading })
    }
}
