public import Configuration
public import EventLoop

/// One of the four services: what its process does beside being a process.
@ServiceActor
public protocol Service: AnyObject {
    /// Its settings.
    associatedtype Settings: ServiceSettings
    /// What it is for, in a sentence: the first line of its help.
    nonisolated static var purpose: String { get }
    /// Makes the service and adds its routes. Throws `StartError` when it cannot work with these settings.
    init(settings: Settings, process: ServiceProcess) async throws
    /// Whether its work makes no sense before Redis is prepared; else it runs from the start.
    var needsRedis: Bool { get }
    /// Works until `stop` has finished.
    func run() async
    /// Takes nothing new, finishes what is in hand within `grace`, hands back the rest.
    func stop(within grace: Duration) async
    /// Called each time the connection to Redis was made again: what is in hand is to be renewed.
    func connectionRestored()
}

extension Service {
    /// A service works on what is in Redis.
    public var needsRedis: Bool { true }
}

extension ServiceProcess {
    /// The version that all parts of the engine share.
    public nonisolated static let version = EngineVersion.text
}

/// Why a process cannot start: one sentence that says what to do, and the exit code.
public struct StartError: Error, Sendable, CustomStringConvertible {
    /// The sentence.
    public let description: String
    /// The exit code.
    public let exitCode: Int32

    /// A refusal of the settings; the exit code is 78 unless told otherwise.
    public init(_ description: String, exitCode: Int32 = ExitCode.configuration) {
        self.description = description
        self.exitCode = exitCode
    }
}

extension StartError {
    /// What `make` makes of a setting; what it throws becomes a refusal that begins with the setting's name.
    public static func naming<Value, Failure: Error & CustomStringConvertible>(
        _ setting: String, _ make: () throws(Failure) -> Value
    ) throws(StartError) -> Value {
        do { return try make() } catch { throw StartError("\(setting): \(error)") }
    }
}
