internal import CCurl
internal import EventLoop

// libcurl says which descriptors to watch and when to wake it. The loop tells it which descriptors are ready.

extension HTTPClient {
    func prepare() {
        ccurl_multi_long(multi, CURLMOPT_MAX_HOST_CONNECTIONS, options.connectionsPerHost)
        ccurl_multi_long(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, options.connections)
        let context = Unmanaged.passUnretained(self).toOpaque()
        ccurl_multi_on_socket(multi, onSocket, context)
        ccurl_multi_on_timer(multi, onTimer, context)
    }

    /// Makes sure that no callback comes while the client is deinitialised.
    func detach() {
        ccurl_multi_on_socket(multi, nil, nil)
        ccurl_multi_on_timer(multi, nil, nil)
        timer.stop()
        for poll in polls.values { poll.close() }
    }

    fileprivate func watch(_ descriptor: Int32, _ what: Int32) {
        if what == CURL_POLL_REMOVE {
            polls.removeValue(forKey: descriptor)?.close()
            return
        }
        guard let poll = polls[descriptor] ?? (try? PollHandle(descriptor: descriptor)) else { return }
        polls[descriptor] = poll
        var events: PollHandle.Events = []
        if what & CURL_POLL_IN != 0 { events.insert(.readable) }
        if what & CURL_POLL_OUT != 0 { events.insert(.writable) }
        poll.watch(events) { [unowned self] ready in act(descriptor, ready) }
    }

    fileprivate func arm(_ milliseconds: Int) {
        guard milliseconds >= 0 else { return timer.stop() }
        timer.start(after: .milliseconds(milliseconds)) { [unowned self] in act(CURL_SOCKET_TIMEOUT, []) }
    }

    private func act(_ descriptor: Int32, _ ready: PollHandle.Events) {
        var mask: Int32 = 0
        if ready.contains(.readable) { mask |= CURL_CSELECT_IN }
        if ready.contains(.writable) { mask |= CURL_CSELECT_OUT }
        var running: Int32 = 0
        withExtendedLifetime(self) {
            curl_multi_socket_action(multi, descriptor, mask, &running)
            collect()
        }
    }
}

private func client(_ context: UnsafeMutableRawPointer) -> HTTPClient { Unmanaged<HTTPClient>.fromOpaque(context).takeUnretainedValue() }

private func onSocket(
    _: UnsafeMutableRawPointer?, _ descriptor: Int32, _ what: Int32, _ context: UnsafeMutableRawPointer?, _: UnsafeMutableRawPointer?
) -> Int32 {
    guard let context else { return 0 }
    ServiceActor.assume((context, descriptor, what)) { context, descriptor, what in client(context).watch(descriptor, what) }
    return 0
}

private func onTimer(_: UnsafeMutableRawPointer?, _ milliseconds: Int, _ context: UnsafeMutableRawPointer?) -> Int32 {
    guard let context else { return 0 }
    ServiceActor.assume((context, milliseconds)) { context, milliseconds in client(context).arm(milliseconds) }
    return 0
}
