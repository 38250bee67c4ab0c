internal import CLibuv

/// A timer on the loop, firing once or repeatedly. It stops when it is released.
@ServiceActor
public final class LoopTimer {
    private let handle: UnsafeMutablePointer<uv_timer_t>
    private var body: (@ServiceActor () -> Void)?

    public init() {
        handle = .allocate(capacity: 1)
        uv_timer_init(Loop.shared.storage.loop, handle)
        handle.pointee.data = Unmanaged.passUnretained(self).toOpaque()
    }

    isolated deinit {
        handle.pointee.data = nil
        uv_close(clibuv_timer_handle(handle)) { $0!.withMemoryRebound(to: uv_timer_t.self, capacity: 1) { $0.deallocate() } }
    }

    /// Starts or restarts the timer. Milliseconds are rounded up.
    public func start(after delay: Duration, every interval: Duration? = nil, _ body: @escaping @ServiceActor () -> Void) {
        self.body = body
        // libuv counts from the start of its turn, so after a long turn the timer would fire early.
        uv_update_time(Loop.shared.storage.loop)
        // libuv cuts both the start and the current time to whole milliseconds. Without one more, the timer would fire up to one millisecond early.
        let first = delay > .zero ? UInt64(delay.millisecondsRoundedUp) + 1 : 0
        let next = interval.map { UInt64(max(1, $0.millisecondsRoundedUp)) } ?? 0
        uv_timer_start(handle, onTimer, first, next)
    }

    /// Stops the timer. Does nothing if it is idle.
    public func stop() {
        body = nil
        uv_timer_stop(handle)
    }

    fileprivate func fire() {
        let body = self.body
        if uv_timer_get_repeat(handle) == 0 { self.body = nil }
        body?()
    }
}

private func onTimer(_ handle: UnsafeMutablePointer<uv_timer_t>?) {
    guard let context = handle?.pointee.data else { return }
    ServiceActor.assume(context) { Unmanaged<LoopTimer>.fromOpaque($0).takeUnretainedValue().fire() }
}
