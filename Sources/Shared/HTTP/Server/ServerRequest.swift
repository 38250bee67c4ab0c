internal import CMicrohttpd
internal import Configuration
internal import EventLoop
internal import Glibc

/// One request and its answer: reads and checks the request, calls the handler, and answers. The daemon's calls drive it, in the order of `Phase`.
@ServiceActor
final class ServerRequest {
    private enum Phase {
        case head, body, handling, answered, ended
    }

    /// How many bytes of a body over the limit are read and dropped, so that the client can read its 413, before the connection is cut.
    private static let dropLimit = 1024 * 1024

    let peer: ServerConnection
    let server: HTTPServer
    /// Whether the daemon ends the connection after the answer.
    private(set) var closesAfter = false
    private var headers = HTTPHeaders()
    private var connection: OpaquePointer
    private var phase = Phase.head
    private let rawTarget: String
    private var method = ""
    private var body: [UInt8] = []
    /// The bytes of the body that have come.
    private(set) var received = 0
    private var refusal: Problem?
    private var hasOrigin = false
    private var hasTrace = false
    private var wantsUpgrade = false
    private var route = "unmatched"
    private var answer: HTTPResponse?
    /// What the gate adds to the answer.
    private var passHeaders: [(String, String)] = []
    private var isStarting = false
    /// The request, if a stream or WebSocket may have to be counted for its client.
    private var request: HTTPRequest?
    /// The owner of the quota that counts this stream, or the WebSocket to come.
    private var quotaOwner: String?
    private var task: Task<Void, Never>?
    private var plan: WebSocketPlan?
    /// The stream that writes the answer's body, while it does.
    private(set) var stream: ResponseStream?
    private let start = MonotonicInstant.now
    private(set) lazy var id = (hasTrace ? headers["traceparent"].flatMap(RequestID.traceID) : nil) ?? server.requestIDs.next()

    init(_ connection: OpaquePointer, target: String, peer: ServerConnection, server: HTTPServer) {
        self.connection = connection
        self.peer = peer
        self.server = server
        rawTarget = target
    }

    /// Refuses a target with so many parameters that the daemon could not keep them all and would hang. Called before the daemon reads them.
    func judgeTarget() {
        let limit = server.options.headerLimit
        guard rawTarget.utf8.count >= limit, rawTarget.utf8.count(where: { $0 == UInt8(ascii: "&") }) >= limit else { return }
        phase = .ended
        let problem = Problem.tooManyParameters(max: server.options.headerLimit)
        refusePastDaemon(problem)
        peer.cut()
    }

    /// Refuses a request that does not become complete in time.
    func refuseSlow() {
        refusePastDaemon(.requestTooSlow)
        peer.cut()
    }

    private func refusePastDaemon(_ problem: Problem) {
        peer.refuse(problem, id: id)
        server.router.onRequest?(route, problem.status, start.elapsed.seconds)
    }

    /// Called by the daemon: once for the head, then for pieces of the body, then once for the end, and again after each resumption.
    func advance(
        method: UnsafePointer<CChar>, version: UnsafePointer<CChar>, data: UnsafePointer<CChar>?, size: UnsafeMutablePointer<Int>
    ) -> MHD_Result {
        switch phase {
        case .head:
            self.method = String(cString: method)
            return readHead(version: version)
        case .body:
            guard size.pointee > 0 else { return dispatch() }
            let isBearable = take(UnsafeRawBufferPointer(start: data, count: size.pointee))
            size.pointee = 0
            return isBearable ? .YES : .NO
        case .handling:
            guard let answer else { return .YES }
            return queue(answer)
        case .ended: return .NO
        case .answered:
            // The answer was given after the head, to a method for which the daemon expects no body. It hands on the bytes that come.
            received += size.pointee
            size.pointee = 0
            return received < Self.dropLimit ? .YES : .NO
        }
    }

    /// The daemon has forgotten the request: it was answered, or its client gave it up.
    func end() {
        phase = .ended
        task = nil
        stream?.connectionEnded()
        stream = nil
        request = nil
        server.quotas.leave(quotaOwner)
        quotaOwner = nil
    }

    // MARK: Reading

    private func readHead(version: UnsafePointer<CChar>) -> MHD_Result {
        var head = cmhd_head()
        cmhd_inspect(connection, &head)
        hasOrigin = head.has_origin
        hasTrace = head.has_trace
        wantsUpgrade = head.has_upgrade
        headers = HTTPHeaders(
            packed: [UInt8](unsafeUninitializedCapacity: head.bytes) { buffer, count in
                count = cmhd_copy_headers(connection, buffer.baseAddress, head.bytes)
            })
        let isOld = strlen(version) < 8 || version[7] == CChar(bitPattern: UInt8(ascii: "0"))
        if head.records > server.options.headLimit || head.headers > server.options.headerLimit { return refuse(head) }
        if let problem = head.problem(isOld: isOld) ?? sizeProblem(head) { return queue(problem.response, closing: true) }
        phase = .body
        if head.content_length > 0 || head.is_chunked { peer.enter(.loading) }
        // A long body that is only announced must not cost much memory.
        if head.content_length > 0 { body.reserveCapacity(min(Int(head.content_length), 4096)) }
        return .YES
    }

    private func sizeProblem(_ head: cmhd_head) -> Problem? {
        if cmhd_head_size(connection) > server.options.headLimit { return .headersTooLarge(maxBytes: server.options.headLimit) }
        return head.content_length > UInt64(server.options.bodyLimit) ? tooLarge : nil
    }

    /// Refuses a head with too many parts before anything is done. The connection's memory must have room for every answer.
    private func refuse(_ head: cmhd_head) -> MHD_Result {
        let problem = Problem.tooManyHeaders(max: server.options.headerLimit)
        let isRoomLeft = head.records <= server.options.headLimit + server.options.answerRoom / 2
        if isRoomLeft { return queue(problem.response, closing: true) }
        refusePastDaemon(problem)
        return .NO
    }

    private var tooLarge: Problem { .bodyTooLarge(maxBytes: server.options.bodyLimit) }

    /// Takes a piece of the body. Returns false if the client goes on far beyond the limit.
    private func take(_ piece: UnsafeRawBufferPointer) -> Bool {
        received += piece.count
        guard received > server.options.bodyLimit else {
            body.append(contentsOf: piece)
            return true
        }
        refusal = tooLarge
        body = []
        return received < Self.dropLimit
    }

    // MARK: Handling

    private func dispatch() -> MHD_Result {
        if let refusal { return queue(refusal.response, closing: true) }
        guard let target = RequestTarget(rawTarget) else { return queue(Problem.badTarget.response, closing: true) }
        if target.rawPath == "*" && method == "OPTIONS" { return queue(HTTPResponse(status: 204)) }
        guard let (route, parameters) = server.router.find(target) else { return queue(server.router.notFound(target).response) }
        self.route = route.pattern.text
        var request = HTTPRequest(
            method: method, target: target, headers: headers, body: body, peerAddress: peer.address, id: id,
            proxies: server.options.trustedProxies)
        if let problem = encodingProblem { return queue(problem.response) }
        body = []
        if wantsUpgrade, let socket = route.socket, headers.contains(token: "websocket", in: "Upgrade") {
            if let problem = admit(&request, socket.permission) ?? socket.query.problem(target) { return queue(problem.response) }
            return upgrade(request, parameters, socket.handler)
        }
        if let endpoint = route.handler(method) {
            if let problem = admit(&request, endpoint.permission) ?? endpoint.query.problem(target) { return queue(problem.response) }
            return run(endpoint.handler, request, parameters)
        }
        if method == "OPTIONS" { return queue(CrossOrigin.answer(methods: route.methods, to: headers)) }
        return queue(route.refusal(method))
    }

    /// Asks the gate. Returns its refusal; nil if the request may go on.
    private func admit(_ request: inout HTTPRequest, _ permission: RoutePermission?) -> Problem? {
        if let gate = server.router.gate {
            do throws(Problem) {
                let pass = try gate.admit(request, needing: permission)
                request.caller = pass.caller
                passHeaders = pass.headers
            } catch {
                return error
            }
        }
        if server.countsSockets { self.request = request }
        return nil
    }

    /// Bodies are not decompressed, so a compressed body would be taken for nonsense.
    private var encodingProblem: Problem? {
        guard !body.isEmpty, let encoding = headers["Content-Encoding"], encoding.lowercased() != "identity" else { return nil }
        return .packedBody
    }

    /// Starts the handler. If it answers without waiting, the answer is given in this very call, and the connection need not be suspended.
    private func run(_ handler: @escaping HTTPRouter.Handler, _ request: HTTPRequest, _ parameters: PathParameters) -> MHD_Result {
        phase = .handling
        peer.enter(.handling)
        isStarting = true
        task = Loop.spawnImmediately { [self] in
            do {
                complete(try await handler(request, parameters))
            } catch {
                complete(server.router.response(to: error, route: route, id: id))
            }
        }
        isStarting = false
        if let answer { return queue(answer) }
        MHD_suspend_connection(connection)
        return .YES
    }

    /// Takes the handler's answer. Only the first one counts.
    private func complete(_ response: HTTPResponse) {
        guard phase == .handling, answer == nil else {
            response.stream?.end(.gone)
            return
        }
        answer = response
        task = nil
        guard !isStarting else { return }
        MHD_resume_connection(connection)
        server.needsRun = true
    }

    /// Answers for a handler that has used up its time, and cancels the handler.
    func expire() {
        let running = task
        complete(Problem.tookTooLong(changesNothing: method == "GET" || method == "HEAD").response)
        running?.cancel()
    }

    // MARK: Answering

    /// Queues the answer. If `closing`, the connection ends after it.
    private func queue(_ answer: HTTPResponse, closing: Bool = false) -> MHD_Result {
        if let stream = answer.stream, server.isFullOfSockets {
            stream.end(.gone)
            _ = server.refuseSocket()
            // A browser reconnects by itself after a stream that ends, but never after a refusal.
            return queue(HTTPResponse(status: answer.status, headers: answer.headers, body: Array("retry: 5000\n\n".utf8)), closing: true)
        }
        if let stream = answer.stream, method != "HEAD", let problem = takeQuota() {
            stream.end(.gone)
            return queue(problem.response, closing: closing)
        }
        stream = answer.stream
        guard let response = makeResponse(answer) else { return .NO }
        addHeaders(of: answer, to: response)
        if hasOrigin, let origin = headers["Origin"] {
            for (name, value) in server.options.crossOrigin.headers(for: origin, host: headers["Host"]) {
                MHD_add_response_header(response, name, value)
            }
        }
        closesAfter = closing || server.isDraining || (server.isCrowded && answer.stream == nil)
        if closesAfter { MHD_add_response_header(response, "Connection", "close") }
        return send(response, status: answer.status)
    }

    private func addHeaders(of answer: HTTPResponse, to response: OpaquePointer) {
        var hasCachePolicy = false
        for (name, value) in answer.headers {
            Self.add(name, value, to: response)
            if name == "Cache-Control" { hasCachePolicy = true }
        }
        for (name, value) in passHeaders { Self.add(name, value, to: response) }
        Self.addUsual(id: id, hasCachePolicy: hasCachePolicy, to: response)
    }

    // A text that is passed to C directly is copied into an array first, and a closure of the actor asks each time where it runs.

    private nonisolated static func add(_ name: String, _ value: String, to response: OpaquePointer) {
        name.withCString { name in value.withCString { value in _ = MHD_add_response_header(response, name, value) } }
    }

    private nonisolated static func addUsual(id: String, hasCachePolicy: Bool, to response: OpaquePointer) {
        id.withCString { cmhd_add_usual_headers(response, $0, hasCachePolicy) }
    }

    /// Counts a stream or WebSocket for its client. Returns the refusal if the client has as many as it may.
    private func takeQuota() -> Problem? {
        guard let quota = request.flatMap(server.quota) else { return nil }
        guard server.quotas.enter(quota) else {
            server.router.onLimit?(.clientSockets)
            return .tooManySocketsOfClient(limit: quota.limit)
        }
        quotaOwner = quota.owner
        return nil
    }

    private func makeResponse(_ answer: HTTPResponse) -> OpaquePointer? {
        if let stream = answer.stream { return stream.makeResponse(connection, peer, server, hasBody: method != "HEAD") }
        return answer.body.withUnsafeBytes {
            MHD_create_response_from_buffer($0.count, UnsafeMutableRawPointer(mutating: $0.baseAddress), .RESPMEM_MUST_COPY)
        }
    }

    private func send(_ response: OpaquePointer, status: Int) -> MHD_Result {
        defer { MHD_destroy_response(response) }
        phase = .answered
        answer = nil
        peer.enter(stream?.isOpen == true ? .streaming : .answering)
        server.router.onRequest?(route, status, start.elapsed.seconds)
        return MHD_queue_response(connection, UInt32(status), response)
    }

    /// Answers the handshake of a WebSocket. The daemon hands the socket over when the answer is sent.
    private func upgrade(_ request: HTTPRequest, _ parameters: PathParameters, _ handler: @escaping HTTPRouter.SocketHandler) -> MHD_Result {
        let accept: String
        do throws(Problem) {
            accept = try WebSocketHandshake.accept(request, server.options.crossOrigin)
        } catch {
            return queue(error.response)
        }
        if server.isFullOfSockets { return queue(server.refuseSocket().response, closing: true) }
        if let problem = takeQuota() { return queue(problem.response) }
        guard let response = makeUpgradeResponse(accept: accept, subprotocol: WebSocketHandshake.subprotocol(request)) else { return .NO }
        plan = WebSocketPlan(request: request, parameters: parameters, handler: handler, route: route, quotaOwner: quotaOwner)
        return send(response, status: 101)
    }

    /// Takes over the socket after the handshake's answer is sent. `early` are bytes that came together with the request.
    func upgraded(_ handle: OpaquePointer, early: [UInt8]) {
        peer.enter(.upgraded)
        let descriptor = cmhd_take_over(handle, peer.descriptor)
        server.needsRun = true
        guard descriptor >= 0 else { return }
        // From now on the socket counts instead of the connection and the request.
        peer.stopCounting()
        quotaOwner = nil
        if let plan { server.open(plan, descriptor: descriptor, early: early, address: peer.address) } else { close(descriptor) }
        plan = nil
    }
}

extension cmhd_head {
    /// What is wrong with the framing or the fields. Everything that two servers could read in two ways is refused, because requests are smuggled
    /// that way.
    fileprivate func problem(isOld: Bool) -> Problem? {
        if transfer_encodings > 0 && content_lengths > 0 { return .badHead("Send either Content-Length or Transfer-Encoding, not both.") }
        if transfer_encodings > 0 && isOld { return .badHead("Transfer-Encoding needs HTTP/1.1.") }
        if transfer_encodings > 1 || (transfer_encodings == 1 && !is_chunked) { return .unknownTransferEncoding }
        if content_lengths > 1 || has_invalid_length { return .badHead("Send one Content-Length, a decimal number.") }
        if hosts > 1 || has_invalid_host || (hosts == 0 && !isOld) { return .badHead("Send one valid Host header.") }
        if has_invalid_name { return .badHead("A header has an invalid name.") }
        return nil
    }
}
