internal import Access
internal import EventLoop
internal import Glibc
internal import HTTP
internal import Observability

/// The API keys of a file. The file is read again when it has changed. If it cannot be used then, the keys that were read before stay.
@ServiceActor
final class KeyStore {
    /// How often it is seen whether the file has changed.
    private static let interval = Duration.seconds(1)

    private let path: String
    private let log: Logger
    private(set) var ring: KeyRing
    /// Called with the keys, now and whenever the file was read again.
    var onRead: (@ServiceActor (KeyRing) -> Void)? { didSet { onRead?(ring) } }
    private var seen: FileMark?
    private var signal: SignalSource?
    private let bell = LoopSignal()

    /// What tells one version of a file from another.
    private struct FileMark: Equatable {
        let device: UInt64
        let inode: UInt64
        let size: Int64
        let modified: Int64
        let nanoseconds: Int64
        /// When it was changed, or given to another owner: what could not be read may be readable now.
        let changed: Int64
        let changedNanoseconds: Int64

        /// Nil if there is no such file.
        init?(_ path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            (device, inode, size) = (UInt64(status.st_dev), UInt64(status.st_ino), Int64(status.st_size))
            (modified, nanoseconds) = (Int64(status.st_mtim.tv_sec), Int64(status.st_mtim.tv_nsec))
            (changed, changedNanoseconds) = (Int64(status.st_ctim.tv_sec), Int64(status.st_ctim.tv_nsec))
        }
    }

    private init(path: String, log: Logger) throws(StartError) {
        self.path = path
        self.log = log
        seen = FileMark(path)
        ring = try Self.read(path)
        warnIfEmpty()
    }

    /// The keys of a file; nil where there is none. Throws `StartError` if it cannot be used.
    static func open(_ path: String?, log: Logger) throws(StartError) -> KeyStore? {
        guard let path else { return nil }
        return try KeyStore(path: path, log: log)
    }

    private static func read(_ path: String) throws(StartError) -> KeyRing {
        let bytes = try ConfigurationFile.read(path, setting: "API_KEYS_FILE")
        do throws(KeyFileError) {
            return KeyRing(try KeyFile(parsing: bytes))
        } catch {
            throw StartError("API_KEYS_FILE: \(path) \(error)")
        }
    }

    /// Watches the file, and SIGHUP, until the task is cancelled.
    func run() async {
        signal = SignalSource(SIGHUP) { [unowned self] in
            seen = nil
            bell.notify()
        }
        defer { signal = nil }
        while !Task.isCancelled {
            _ = try? await bell.wait(upTo: Self.interval)
            let mark = FileMark(path)
            if mark != seen || mark == nil { reload(mark) }
        }
    }

    private func reload(_ mark: FileMark?) {
        let isNews = mark != seen
        seen = mark
        do throws(StartError) {
            ring = try Self.read(path)
            onRead?(ring)
            guard isNews else { return }
            log.info("access.keys_read", ["keys": .integer(ring.count)])
            warnIfEmpty()
        } catch {
            log.limited(.error, "access.keys_not_read", every: .seconds(60), ["reason": .string("\(error)")])
        }
    }

    private func warnIfEmpty() { if ring.count == 0 { log.warning("access.no_keys", ["file": .string(path)]) } }

    /// Who sends a request. Throws a 401 without a valid key, and a 403 if the key does not allow what the route needs.
    func holder(_ request: HTTPRequest, _ permission: RoutePermission, _ tokens: SocketTokens) throws(Problem) -> Principal {
        let wanted = permission.scopes
        guard let text = try Self.key(in: request) else {
            if permission == .follow || permission == .introduce, let token = request.query("token") {
                guard let order = tokens.order(of: token) else { throw .unauthenticated("The token in the URL is not valid, or its time is over") }
                return Principal(following: order)
            }
            if permission == .introduce { return .nobody }
            throw .unauthenticated("Send an API key: Authorization: Bearer <key>, or X-API-Key: <key>")
        }
        guard let principal = ring.principal(text, at: WallClock.milliseconds) else {
            throw .unauthenticated("This API key is not valid: it is not known, was revoked, or its time is over")
        }
        guard wanted.isEmpty || !principal.scopes.isDisjoint(with: wanted) else { throw .forbidden(needs: wanted.names[0]) }
        return principal
    }

    /// The holder of a key that came in a message; nil if the key is not valid.
    func holder(of key: String) -> Principal? { ring.principal(key, at: WallClock.milliseconds) }

    /// The key that a request has in a header; nil for none.
    private nonisolated static func key(in request: HTTPRequest) throws(Problem) -> String? {
        guard let value = request.header("Authorization") else { return request.header("X-API-Key") }
        guard request.headers.count(of: "Authorization") == 1 else { throw .unauthenticated("Send one header Authorization") }
        let text = value.utf8
        let scheme = text.prefix { $0 != UInt8(ascii: " ") }
        guard scheme.elementsEqual("Bearer".utf8) || Substring(scheme).lowercased() == "bearer" else {
            throw .unauthenticated("Send the API key as Authorization: Bearer <key>")
        }
        return String(Substring(text[scheme.endIndex...].drop { $0 == UInt8(ascii: " ") }))
    }
}
