public import Configuration
public import EventLoop

/// One of the four services: what its process does beside being a process. It starts nothing by itself; `ServiceRun` runs its children.
@ServiceActor
public protocol Service {
    /// Its settings.
    associatedtype Settings: ServiceSettings
    /// What it is for, in a sentence: the first line of its help.
    nonisolated static var purpose: String { get }
    /// Makes the service and adds its routes. Throws `StartError` when it cannot work with these settings.
    init(settings: Settings, process: ServiceProcess) async throws
    /// Whether its work makes no sense before Redis is prepared; else its children run from the start.
    var needsRedis: Bool { get }
    /// What it does, all at the same time; asked for once. The children are cancelled when `stop` has returned.
    var children: [ServiceChild] { get }
    /// Takes nothing new, finishes what is in hand within `grace`, hands back the rest. The children run on meanwhile.
    func stop(within grace: Duration) async
    /// Called each time the connection to Redis was made again: what is in hand is to be renewed.
    func connectionRestored()
}

extension Service {
    /// A service works on what is in Redis.
    public var needsRedis: Bool { true }
    /// Nothing is in hand.
    public func stop(within grace: Duration) async {}
    /// Nothing is in hand.
    public func connectionRestored() {}
}

/// A part of a service that runs for as long as the service does.
public struct ServiceChild: Sendable {
    let name: String
    let run: @Sendable @ServiceActor () async throws -> Void

    /// A child by its name in the log. `run` ends soon after its task is cancelled; where it throws, the process stops with exit code 1.
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
    /// The sentence.
    public let description: String
    /// The exit code.
    public let exitCode: Int32

    /// A refusal of the settings; the exit code is 78 unless told otherwise.
    public init(_ description: String, exitCode: Int32 = ServiceExitCode.configuration) {
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
