internal import Glibc

/// Why a server could not start.
public enum HTTPServerError: Error, Sendable, CustomStringConvertible {
    /// The address is neither a numeric IPv4 or IPv6 address nor `localhost`.
    case badAddress(String)
    /// The port is in use or not allowed. `code` is the system's error number.
    case cannotListen(address: String, port: UInt16, code: Int32)
    /// The library refused to start.
    case cannotStart

    public var description: String {
        switch self {
        case .badAddress(let address): "cannot listen on \(address): give a numeric address"
        case .cannotListen(let address, let port, let code): "cannot listen on \(address) port \(port): \(String(cString: strerror(code)))"
        case .cannotStart: "cannot start the HTTP server"
        }
    }
}
