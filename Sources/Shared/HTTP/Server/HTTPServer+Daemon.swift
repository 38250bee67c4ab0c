internal import CMicrohttpd
internal import EventLoop

// The daemon's callbacks all run on the loop's thread inside `MHD_run`. The context of a connection is its `ServerConnection`, the context of a
// request is its `ServerRequest`. Each is retained once, and is released by the end notification that the daemon gives for every start.

extension HTTPServer {
    /// The memory of a connection, in which the daemon reads and answers. One half is its buffer for reading, which may be full of the next request
    /// when the answer is written. The other half has room for the data that the daemon keeps of a request beside its text (at most `headLimit`), and
    /// for the answer's head.
    private var memoryLimit: Int { 2 * (options.headLimit + options.answerRoom) }

    func startDaemon() -> OpaquePointer? {
        var settings = cmhd_settings()
        // This is only a safeguard: each stage of a connection has its own deadline.
        let longest = max(options.headDeadline, options.bodyDeadline, options.responseDeadline, options.keepAlive)
        settings.inactivity_timeout = UInt32(longest.millisecondsRoundedUp / 1000 + 2)
        settings.memory_limit = memoryLimit
        settings.context = Unmanaged.passUnretained(self).toOpaque()
        settings.on_request = onRequest
        settings.on_completed = onCompleted
        settings.on_connection = onConnection
        settings.on_target = onTarget
        return cmhd_start(&settings)
    }

    fileprivate func begin(_ target: UnsafePointer<CChar>, _ connection: OpaquePointer) -> UnsafeMutableRawPointer? {
        guard let context = cmhd_connection_context(connection) else { return nil }
        let peer = Unmanaged<ServerConnection>.fromOpaque(context).takeUnretainedValue()
        let exchange = ServerRequest(connection, target: String(cString: target), peer: peer, server: self)
        peer.exchange = exchange
        peer.enter(.receiving)
        exchange.judgeTarget()
        return Unmanaged.passRetained(exchange).toOpaque()
    }

    fileprivate func finish(_ exchange: Unmanaged<ServerRequest>) {
        let finished = exchange.takeRetainedValue()
        let peer = finished.peer
        finished.end()
        peer.exchange = nil
        if peer.stage != .upgraded { peer.enter(.idle) }
        if isDraining {
            // The answer was being sent before the server began to stop.
            if peer.stage == .idle && !finished.closesAfter { peer.cut() }
            progress.notify()
        }
    }

    fileprivate func open(_ connection: OpaquePointer) -> UnsafeMutableRawPointer {
        Unmanaged.passRetained(ServerConnection(connection, server: self)).toOpaque()
    }

    fileprivate func close(_ connection: Unmanaged<ServerConnection>) {
        connection.takeRetainedValue().leave()
        acceptAgain()
        if isDraining { progress.notify() }
    }
}

private func server(_ context: UnsafeMutableRawPointer) -> HTTPServer { Unmanaged<HTTPServer>.fromOpaque(context).takeUnretainedValue() }

private func onTarget(
    _ context: UnsafeMutableRawPointer?, _ target: UnsafePointer<CChar>?, _ connection: OpaquePointer?
) -> UnsafeMutableRawPointer? {
    guard let context, let target, let connection else { return nil }
    return ServiceActor.assume((context, target, connection)) { context, target, connection in
        UncheckedPointer(server(context).begin(target, connection))
    }.pointer
}

private func onRequest(
    _ context: UnsafeMutableRawPointer?, _ connection: OpaquePointer?, _ url: UnsafePointer<CChar>?, _ method: UnsafePointer<CChar>?,
    _ version: UnsafePointer<CChar>?, _ data: UnsafePointer<CChar>?, _ size: UnsafeMutablePointer<Int>?,
    _ state: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> MHD_Result {
    guard let exchange = state?.pointee, let method, let version, let size else { return .NO }
    return ServiceActor.assume((exchange, method, version, data, size)) { exchange, method, version, data, size in
        Unmanaged<ServerRequest>.fromOpaque(exchange).takeUnretainedValue().advance(method: method, version: version, data: data, size: size)
    }
}

private func onCompleted(
    _ context: UnsafeMutableRawPointer?, _ connection: OpaquePointer?, _ state: UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
    _ reason: MHD_RequestTerminationCode
) {
    guard let context, let exchange = state?.pointee else { return }
    state?.pointee = nil
    ServiceActor.assume((context, exchange)) { context, exchange in
        server(context).finish(Unmanaged<ServerRequest>.fromOpaque(exchange))
    }
}

private func onConnection(
    _ context: UnsafeMutableRawPointer?, _ connection: OpaquePointer?, _ state: UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
    _ event: MHD_ConnectionNotificationCode
) {
    guard let context, let connection, let state else { return }
    ServiceActor.assume((context, connection, state)) { context, connection, state in
        if cmhd_is_start(event) {
            state.pointee = server(context).open(connection)
        } else if let known = state.pointee {
            state.pointee = nil
            server(context).close(Unmanaged<ServerConnection>.fromOpaque(known))
        }
    }
}

/// Carries a pointer out of isolated code into the callback that entered that code, on the same thread.
private struct UncheckedPointer: @unchecked Sendable {
    let pointer: UnsafeMutableRawPointer?
    init(_ pointer: UnsafeMutableRawPointer?) { self.pointer = pointer }
}
