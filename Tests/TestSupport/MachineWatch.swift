public import EventLoop
internal import Glibc
internal import Synchronization

/// Notices when the machine gives this process no time, as a virtual machine that stands still does. What is measured meanwhile says nothing of the
/// code. A thread of its own watches, so that code that blocks the loop is still found out.
public enum MachineWatch {
    private static let interval = Duration.milliseconds(20)
    /// The least that counts. Threads that share two cores are late by less.
    private static let least = Duration.milliseconds(100)
    private static let stalls = Mutex<[(end: MonotonicInstant, length: Duration)]>([])

    /// Watches until the process ends. Each stall is printed, so that a report of tests that measure time tells of it.
    static let started: Void = {
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { _ in
                while true { MachineWatch.look() }
            }, nil)
        pthread_detach(thread)
    }()

    private static func look() {
        let start = MonotonicInstant.now
        usleep(useconds_t(interval.nanosecondsClamped / 1000))
        let late = start.elapsed - interval
        guard late >= least else { return }
        stalls.withLock { $0.append((.now, late)) }
        print("The machine gave the tests no time for \(late).")
    }

    /// The time since `start` in which the machine stood still; zero for none. A test that measures a promise of seconds adds it to the bound.
    public static func lost(since start: MonotonicInstant) -> Duration {
        stalls.withLock { $0.filter { $0.end > start }.reduce(.zero) { $0 + $1.length } }
    }
}
