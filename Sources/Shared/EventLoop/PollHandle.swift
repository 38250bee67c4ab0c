internal import CLibuv

/// Watches a descriptor that the caller owns. Close the handle before the descriptor.
@ServiceActor
public final class PollHandle {
    /// The events of a descriptor.
    public struct Events: OptionSet, Sendable {
        /// The bits, as libuv counts them.
        public let rawValue: Int32
        public init(rawValue: Int32) { self.rawValue = rawValue }
        /// Bytes, or the end of the stream, can be read.
        public static let readable = Events(rawValue: Int32(UV_READABLE.rawValue))
        /// Bytes can be written.
        public static let writable = Events(rawValue: Int32(UV_WRITABLE.rawValue))
        /// The peer sends nothing more. Unlike `readable`, this is not reported for bytes that nobody reads.
        public static let disconnected = Events(rawValue: Int32(UV_DISCONNECT.rawValue))
    }

    private let handle: UnsafeMutablePointer<uv_poll_t>
    private var body: (@ServiceActor (Events) -> Void)?
    private var isClosed = false
    /// The events that are watched now.
    public private(set) var events: Events = []

    /// A handle for `descriptor` that does not watch yet. Throws if the descriptor cannot be watched.
    public init(descriptor: Int32) throws(LoopError) {
        handle = .allocate(capacity: 1)
        let status = uv_poll_init(Loop.shared.storage.loop, handle, descriptor)
        guard status == 0 else {
            handle.deallocate()
            isClosed = true
            throw LoopError(code: status, doing: "watch a descriptor")
        }
        handle.pointee.data = Unmanaged.passUnretained(self).toOpaque()
    }

    isolated deinit { close() }

    /// Calls `body` whenever the descriptor is ready for one of `events`.
    ///
    /// After an error on the descriptor, libuv stops watching. The error is reported as readable and writable, so that the owner's next read or write
    /// finds it. To go on, the owner must call `watch` again.
    public func watch(_ events: Events, _ body: @escaping @ServiceActor (Events) -> Void) {
        self.body = body
        update(events)
    }

    /// Changes the events that are watched. With an empty set nothing is watched.
    public func update(_ events: Events) {
        guard !isClosed, events != self.events else { return }
        self.events = events
        if events.isEmpty { uv_poll_stop(handle) } else { uv_poll_start(handle, events.rawValue, onPoll) }
    }

    /// Stops watching for good.
    public func close() {
        guard !isClosed else { return }
        isClosed = true
        body = nil
        events = []
        handle.pointee.data = nil
        uv_close(clibuv_poll_handle(handle)) { $0!.withMemoryRebound(to: uv_poll_t.self, capacity: 1) { $0.deallocate() } }
    }

    fileprivate func fire(status: Int32, events ready: Int32) {
        guard let body else { return }
        if status < 0 {
            events = []
            body([.readable, .writable])
        } else {
            body(Events(rawValue: ready))
        }
    }
}

private func onPoll(_ handle: UnsafeMutablePointer<uv_poll_t>?, _ status: Int32, _ events: Int32) {
    guard let context = handle?.pointee.data else { return }
    ServiceActor.assume((context, status, events)) { context, status, events in
        let poll = Unmanaged<PollHandle>.fromOpaque(context).takeUnretainedValue()
        // The callback may close and release the handle.
        withExtendedLifetime(poll) { poll.fire(status: status, events: events) }
    }
}
