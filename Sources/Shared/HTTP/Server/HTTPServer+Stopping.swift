internal import CMicrohttpd
internal import EventLoop
internal import Glibc

extension HTTPServer {
    /// Accepts no new connections, and closes each kept connection after the request in hand. WebSockets and streams stay open.
    public func stopAccepting() {
        guard daemon != nil, !isDraining else { return }
        takeWhatHasArrived()
        isDraining = true
        listener?.close()
        listener = nil
        for stage in [ServerConnection.Stage.arriving, .idle] { cutAll(stage) }
    }

    /// Closes the open WebSockets and ends the streams. They are spread evenly over `duration`, so that their clients do not all come back at once.
    public func closeWebSockets(code: CloseCode = .serviceRestart, reason: String = "service restart", over duration: Duration = .zero) async {
        var closings: [@ServiceActor () -> Void] = []
        for socket in sockets.all where socket.isOpen { closings.append { socket.close(code: code, reason: reason) } }
        for stream in openStreams { closings.append { stream.end(.stopping) } }
        let start = MonotonicInstant.now
        for (index, close) in closings.enumerated() {
            let due = duration.nanosecondsClamped / Int64(closings.count) * Int64(index)
            let wait = Duration.nanoseconds(due) - start.elapsed
            if wait >= .milliseconds(1) { try? await sleep(for: wait) }
            close()
        }
    }

    var openStreams: [ResponseStream] {
        var streams: [ResponseStream] = []
        var next = deadlines[ServerConnection.Stage.streaming.rawValue].oldest
        while let connection = next {
            if let stream = connection.exchange?.stream { streams.append(stream) }
            next = connection.next
        }
        return streams
    }

    /// Stops the server: no new connections, the requests in hand are finished, WebSockets are closed with 1012, streams end. Connections that are
    /// still open after the limit are cut off.
    public func stop(within limit: Duration) async {
        guard daemon != nil else { return end() }
        stopAccepting()
        let start = MonotonicInstant.now
        await closeWebSockets()
        while daemon != nil, connections > 0, start.elapsed < limit {
            _ = try? await progress.wait(upTo: min(.milliseconds(50), limit - start.elapsed))
            if Task.isCancelled { break }
        }
        guard daemon != nil else { return }
        abandon()
        end()
    }

    /// Ends everything that is suspended. If a connection were suspended when the daemon stops, the daemon would abort the process.
    private func abandon() {
        let handling = deadlines[ServerConnection.Stage.handling.rawValue]
        while let connection = handling.oldest {
            connection.exchange?.expire()
            if connection.stage == .handling { connection.enter(.answering) }
        }
        for socket in sockets.all { socket.finish(.serviceRestart) }
        for stream in openStreams { stream.end(.stopping) }
        run()
        for stage in ServerConnection.Stage.allCases where stage != .upgraded { cutAll(stage) }
        run()
    }

    /// Lets in the connections and requests that wait in the kernel. Otherwise they would be reset.
    private func takeWhatHasArrived() {
        for _ in 0..<1000 {
            guard accept() else { break }
            run()
        }
        run()
    }

    private func cutAll(_ stage: ServerConnection.Stage) {
        var next = deadlines[stage.rawValue].oldest
        while let connection = next {
            next = connection.next
            connection.cut()
        }
    }
}
