/// The result of reading a service's arguments and environment: it decides what the service does next.
public enum StartUp<Service: ServiceSettings>: Sendable {
    case serve(Service)
    /// Write this text to standard output and exit with 0.
    case show(String)
    /// Write this message to standard error and exit with this code.
    case refuse(message: String, exitCode: Int32)

    /// - Parameters:
    ///   - purpose: what the service does, for `--help`.
    ///   - version: the version, for `--version`.
    ///   - arguments: the command line without the name of the program.
    ///   - environment: variables by name.
    public init(purpose: String, version: String, arguments: [String], environment: [String: String]) {
        do throws(UsageError) {
            switch try ServiceArguments(arguments: arguments) {
            case .help: self = .show(ServiceHelp(Service.self, purpose: purpose).text)
            case .version: self = .show("\(Service.serviceName) \(version)\n")
            case .serve: self = Self.configured(by: environment)
            }
        } catch {
            self = .refuse(message: "\(error)\n", exitCode: ServiceExitCode.usage)
        }
    }

    private static func configured(by environment: [String: String]) -> Self {
        do throws(ConfigurationError) {
            return .serve(try Service.load(environment: environment))
        } catch {
            let hint = "Run \(Service.serviceName) --help for the list of settings."
            return .refuse(message: "\(error)\n\(hint)\n", exitCode: ServiceExitCode.configuration)
        }
    }
}

/// Exit codes of a service, as in `sysexits.h`.
public enum ServiceExitCode {
    /// Stopped as asked.
    public static let success: Int32 = 0
    /// Unknown arguments.
    public static let usage: Int32 = 64
    /// Wrong settings.
    public static let configuration: Int32 = 78
}
