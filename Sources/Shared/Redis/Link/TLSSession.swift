internal import CTLS
internal import Configuration
internal import EventLoop

/// The files of TLS as OpenSSL has read them. They are read again from time to time, so that renewed certificates are taken up.
@ServiceActor
final class TLSContext {
    /// How old files may be when a new connection uses them.
    private static let maxAge = Duration.seconds(60)
    private static var known: [RedisTLS: TLSContext] = [:]

    fileprivate let context: OpaquePointer
    private let read = MonotonicInstant.now

    /// The context with these files. Throws if one of them cannot be used.
    static func with(_ files: RedisTLS) throws(RedisError) -> TLSContext {
        if let context = known[files], context.read.elapsed < maxAge { return context }
        let context = try TLSContext(files)
        known[files] = context
        return context
    }

    private init(_ files: RedisTLS) throws(RedisError) {
        var reason = [CChar](repeating: 0, count: Int(CTLS_REASON_LENGTH))
        guard let context = ctls_context_make(files.authority, files.certificate, files.key, &reason) else {
            throw RedisError(.unavailable, "TLS to Redis cannot be set up: \(text(reason))")
        }
        self.context = context
    }

    isolated deinit { ctls_context_free(context) }
}

/// The TLS of one connection. The caller moves the bytes.
@ServiceActor
final class TLSSession {
    private let session: OpaquePointer
    private(set) var isEstablished = false

    /// A session with a server that has to prove that it is `host`. Throws if there is no memory.
    init(_ context: TLSContext, host: String) throws(RedisError) {
        guard let session = ctls_session_make(context.context, host) else { throw RedisError(.unavailable, "TLS to Redis has no memory") }
        self.session = session
    }

    isolated deinit { ctls_session_free(session) }

    /// Goes on with the handshake as far as it can. Throws if the server is not to be trusted, or speaks no TLS.
    func shakeHands() throws(RedisError) {
        switch ctls_handshake(session) {
        case CTLS_DONE: isEstablished = true
        case CTLS_NEEDS_BYTES: return
        default: throw failure
        }
    }

    /// Takes bytes that came from the network.
    func take(_ bytes: UnsafeRawBufferPointer) throws(RedisError) {
        guard ctls_take(session, bytes.baseAddress, bytes.count) else { throw RedisError(.connectionLost, "TLS to Redis has no memory") }
    }

    /// Reads decrypted bytes. Returns their number; 0 if more have to come first, nil if the server sends nothing more.
    func read(_ room: UnsafeMutableRawBufferPointer) throws(RedisError) -> Int? {
        var count = 0
        switch ctls_read(session, room.baseAddress, room.count, &count) {
        case CTLS_DONE: return count
        case CTLS_NEEDS_BYTES: return 0
        case CTLS_ENDED: return nil
        default: throw failure
        }
    }

    /// Encrypts bytes.
    func write(_ bytes: UnsafeRawBufferPointer) throws(RedisError) {
        guard ctls_write(session, bytes.baseAddress, bytes.count) else { throw failure }
    }

    /// Tells the server that nothing follows.
    func finish() { ctls_finish(session) }

    /// Appends what is to be sent.
    func give(to bytes: inout [UInt8], through room: UnsafeMutableRawBufferPointer) {
        while true {
            let count = ctls_give(session, room.baseAddress, room.count)
            guard count > 0 else { return }
            bytes.append(contentsOf: room.prefix(count))
        }
    }

    private var failure: RedisError {
        var reason = [CChar](repeating: 0, count: Int(CTLS_REASON_LENGTH))
        ctls_reason(session, &reason)
        return RedisError(isEstablished ? .connectionLost : .unavailable, text(reason))
    }
}

private func text(_ characters: [CChar]) -> String {
    String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
