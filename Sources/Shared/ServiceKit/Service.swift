public import Configuration
public import EventLoop

/// One of the four services: the work of its process. A service starts nothing itself; `ServiceRun` runs its children.
@ServiceActor
public protocol Service {
    associatedtype Settings: ServiceSettings
    /// The purpose of the service in one sentence: the first line of its help.
    nonisolated static var purpose: String { get }
    /// Makes the service and adds its routes. Throws `StartError` if it cannot work with these settings.
    init(settings: Settings, process: ServiceProcess) async throws
    /// Whether the children need a prepared Redis; otherwise they run from the start.
    var needsRedis: Bool { get }
    /// The parts of the service, all running at the same time; read once. They are cancelled when `stop` has returned.
    var children: [ServiceChild] { get }
    /// Takes nothing new, finishes the work in hand within `grace`, and hands back the rest. The children run on meanwhile.
    func stop(within grace: Duration) async
    /// Called each time the connection to Redis was made again: entries in hand must be renewed.
    func connectionRestored()
}

extension Service {
    /// True: a service works on data in Redis.
    public var needsRedis: Bool { true }
    /// Does nothing: no work is in hand.
    public func stop(within grace: Duration) async {}
    /// Does nothing: no entry is in hand.
    public func connectionRestored() {}
}

/// A part of a service that runs for as long as the service does.
public struct ServiceChild: Sendable {
    let name: String
    let run: @Sendable @ServiceActor () async throws -> Void

    /// A child with its name in the log. `run` ends soon after its task is cancelled. If it throws, the process stops with exit code 1.
    public init(_ name: String, _ run: @escaping @Sendable @ServiceActor () async throws -> Void) {
        self.name = name
        self.run = run
    }
}

extension ServiceProcess {
    /// The version that all parts of the engine share.
    public nonisolated static let version = EngineVersion.text
}

/// Why a process cannot start: one sentence that says what to do, and the exit code.
public struct StartError: Error, Sendable, CustomStringConvertible {
    public let description: String
    public let exitCode: Int32

    /// A refusal of the settings. The exit code is 78 unless given.
    public init(_ description: String, exitCode: Int32 = ServiceExitCode.configuration) {
        self.description = description
        self.exitCode = exitCode
    }
}

extension StartError {
    /// Returns the result of `make`. An error becomes a refusal that begins with the setting's name.
    public static func naming<Value, Failure: Error & CustomStringConvertible>(
        _ setting: String, _ make: () throws(Failure) -> Value
    ) throws(StartError) -> Value {
        do { return try make() } catch { throw StartError("\(setting): \(error)") }
    }
}
