internal import Configuration
internal import EventLoop
internal import Glibc

/// The command line tool for operators of the engine. Each run is one command, over the engine's own API.
public enum OrderCtl {
    /// Every command, in the order in which help lists them. A new command is a file in `Commands` and a line here.
    static let commands: [any Command.Type] = [
        QuoteSwap.self, Submit.self, Oco.self, Amend.self, Watch.self, Get.self, List.self, Replay.self, Cancel.self, Lag.self, Pause.self,
        Resume.self, PartitionsShow.self, PartitionsGrow.self, Doctor.self, DeadList.self, DeadRetry.self, DeadDrop.self, Reconcile.self,
        KeysNew.self, KeysList.self, KeysRevoke.self, Completion.self,
    ]

    /// Runs the command that the process was started with, and ends the process.
    public static func main() -> Never {
        let arguments = Array(CommandLine.arguments.dropFirst())
        let environment = ProcessEnvironment.variables
        Loop.shared.run {
            let status = await run(arguments, environment: environment, console: .standard(environment: environment))
            exit(status.rawValue)
        }
        exit(ExitCode.ok.rawValue)
    }

    /// Runs one command. Its output goes to the console. The exit status is its outcome.
    @ServiceActor
    static func run(_ arguments: [String], environment: [String: String], console: Console) async -> ExitCode {
        do throws(Failure) {
            switch try Invocation.read(arguments, environment: environment, commands: commands) {
            case .show(let text):
                console.print(text)
                return .ok
            case .command(let command, let options):
                let engine = Engine(url: options.url, key: options.key, environment: environment)
                return try await command.run(Session(engine: engine, console: console, wantsJSON: options.wantsJSON, environment: environment))
            }
        } catch {
            console.complain(error.line(asJSON: Invocation.wantsJSON(arguments)))
            return error.status
        }
    }
}
