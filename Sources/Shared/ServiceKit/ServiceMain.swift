internal import Configuration
internal import EventLoop
internal import Glibc
internal import HTTP
internal import Observability
public import Pipeline

/// The main of each service: settings, loop, server and signals, in this order, and back again.
public enum ServiceMain<S: Service> {
    /// Runs the service until a signal ends it. Exit codes: 0 after SIGTERM or SIGINT, 64 for bad usage, 78 for bad settings, 1 for the rest.
    public static func run(pipeline: @escaping @Sendable (S.Settings) -> PipelineSettings) -> Never {
        signal(SIGPIPE, SIG_IGN)
        // JSON, until the settings are read and name a format.
        CrashLine.install(service: S.Settings.serviceName, instance: S.Settings.serviceName, format: .json)
        let start = StartUp<S.Settings>(
            purpose: S.purpose, version: ServiceProcess.version, arguments: Array(CommandLine.arguments.dropFirst()),
            environment: ProcessEnvironment.variables)
        switch start {
        case .show(let text):
            write(text, to: STDOUT_FILENO)
            exit(0)
        case .refuse(let message, let code):
            write(message, to: STDERR_FILENO)
            exit(code)
        case .serve(let settings):
            Loop.shared.run { await serve(settings, pipeline(settings)) }
            exit(0)
        }
    }

    @ServiceActor
    private static func serve(_ settings: S.Settings, _ pipeline: PipelineSettings) async {
        do {
            let descriptors = DescriptorLimit.raise()
            let process = try ServiceProcess(service: S.Settings.serviceName, common: settings.common, pipeline: pipeline)
            process.begin(descriptors)
            let service = try await S(settings: settings, process: process)
            process.tellLimits(descriptors)
            try await ServiceRun(process: process, service: service).run()
        } catch {
            let refusal = error as? StartError
            write("\(S.Settings.serviceName): \(error)\n", to: STDERR_FILENO)
            exit(refusal?.exitCode ?? 1)
        }
    }

    private static func write(_ text: String, to descriptor: Int32) {
        _ = Array(text.utf8).withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    }
}
