internal import CMicrohttpd
internal import Configuration
internal import EventLoop
internal import Glibc

extension ServerRequest {
    /// The answer that turns the connection into a WebSocket, with the sub-protocol if one was chosen.
    func makeUpgradeResponse(accept: String, subprotocol: String?) -> OpaquePointer? {
        guard let response = MHD_create_response_for_upgrade(onUpgrade, nil) else { return nil }
        MHD_add_response_header(response, "Upgrade", "websocket")
        MHD_add_response_header(response, "Request-Id", id)
        MHD_add_response_header(response, "Sec-WebSocket-Accept", accept)
        if let subprotocol { MHD_add_response_header(response, "Sec-WebSocket-Protocol", subprotocol) }
        return response
    }
}

extension HTTPServer {
    /// Opens a WebSocket, to which the descriptor belongs from now on, and starts its handler.
    func open(_ plan: WebSocketPlan, descriptor: Int32, early: [UInt8], address: IPAddress) {
        guard let socket = WebSocket(descriptor: descriptor, server: self, early: early, holder: (address, plan.quotaOwner)) else {
            quotas.leave(plan.quotaOwner)
            close(descriptor)
            return
        }
        Loop.spawn { [router] in
            do {
                try await plan.handler(plan.request, plan.parameters, socket)
            } catch {
                if socket.isOpen && !(error is CancellationError) { router.onError?(error, plan.route, plan.request.id) }
                socket.close(code: .internalError, reason: "internal error")
            }
        }
    }
}

private func onUpgrade(
    _: UnsafeMutableRawPointer?, _ connection: OpaquePointer?, _ state: UnsafeMutableRawPointer?, _ early: UnsafePointer<CChar>?,
    _ earlySize: Int, _ descriptor: Int32, _ handle: OpaquePointer?
) {
    guard let handle, let state else { return }
    ServiceActor.assume((state, handle, early, earlySize)) { state, handle, early, size in
        let bytes = [UInt8](UnsafeRawBufferPointer(start: early, count: early == nil ? 0 : size))
        Unmanaged<ServerRequest>.fromOpaque(state).takeUnretainedValue().upgraded(handle, early: bytes)
    }
}
