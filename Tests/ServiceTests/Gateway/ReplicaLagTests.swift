import EventLoop
import Storage
import Testing

@testable import GatewayService

struct ReplicaLagTests {
    private func at(_ milliseconds: UInt64) -> MonotonicInstant { MonotonicInstant(nanoseconds: milliseconds * 1_000_000) }
    private func place(_ bytes: UInt64, _ system: String = "1") -> LogPosition { LogPosition(system: system, bytes: bytes) }

    @Test func `a standby is behind since the oldest write that it lacks`() {
        var lag = ReplicaLag()
        for n: UInt64 in 1...10 { lag.note(primary: place(n * 100), at: at(n * 500)) }
        #expect(lag.behind(standby: place(350), at: at(6000)) == .milliseconds(4000))
        #expect(lag.behind(standby: place(1000), at: at(6000)) == .zero)
    }

    @Test func `a primary that writes nothing leaves nobody behind, however long`() {
        var lag = ReplicaLag()
        for n: UInt64 in 1...500 {
            lag.note(primary: place(100), at: at(n * 500))
            #expect(lag.behind(standby: place(100), at: at(n * 500 + 400)) == .zero)
        }
        lag.note(primary: place(101), at: at(300_000))
        #expect(lag.behind(standby: place(100), at: at(300_200)) == .milliseconds(200))
    }

    @Test func `a standby that stands still is behind for as long as it has been so, and what is kept for it is bounded`() {
        var lag = ReplicaLag()
        for n: UInt64 in 1...100_000 { lag.note(primary: place(n), at: at(n * 500)) }
        #expect(lag.behind(standby: place(0), at: at(50_000_000)) == .milliseconds(49_999_500))
        #expect(lag.behind(standby: place(99_990), at: at(50_000_000)) == .milliseconds(4500))
    }

    @Test func `a standby of another server is none`() {
        var lag = ReplicaLag()
        lag.note(primary: place(100), at: at(0))
        #expect(lag.behind(standby: place(1000, "2"), at: at(1)) == nil)
        #expect(lag.behind(standby: place(1000), at: at(1)) == .zero)
    }

    @Test func `after a failover only what the new primary has counts`() {
        var lag = ReplicaLag()
        lag.note(primary: place(1000), at: at(0))
        lag.note(primary: place(900), at: at(500))
        #expect(lag.behind(standby: place(900), at: at(600)) == .zero)
        lag.note(primary: place(950), at: at(1000))
        #expect(lag.behind(standby: place(900), at: at(1300)) == .milliseconds(300))
    }

    @Test func `before the primary was asked nothing is known to be missing`() {
        var lag = ReplicaLag()
        #expect(lag.behind(standby: place(1), at: at(5)) == .zero)
    }
}
