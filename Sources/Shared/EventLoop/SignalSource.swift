internal import CLibuv

/// Calls back on the loop when the process gets a signal. It stops when it is released.
@ServiceActor
public final class SignalSource {
    private let handle: UnsafeMutablePointer<uv_signal_t>
    private let body: @ServiceActor () -> Void

    /// Watches for `signal`, for example `SIGTERM`.
    public init(_ signal: Int32, _ body: @escaping @ServiceActor () -> Void) {
        self.body = body
        handle = .allocate(capacity: 1)
        uv_signal_init(Loop.shared.storage.loop, handle)
        handle.pointee.data = Unmanaged.passUnretained(self).toOpaque()
        uv_signal_start(handle, onSignal, signal)
    }

    isolated deinit {
        handle.pointee.data = nil
        uv_close(clibuv_signal_handle(handle)) { $0!.withMemoryRebound(to: uv_signal_t.self, capacity: 1) { $0.deallocate() } }
    }

    fileprivate func fire() { body() }
}

private func onSignal(_ handle: UnsafeMutablePointer<uv_signal_t>?, _: Int32) {
    guard let context = handle?.pointee.data else { return }
    ServiceActor.assume(context) { Unmanaged<SignalSource>.fromOpaque($0).takeUnretainedValue().fire() }
}
