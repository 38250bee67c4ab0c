internal import EventLoop
internal import JSON

/// `orderctl completion`: prints a script with which a shell completes commands and options.
struct Completion: Command {
    private enum Shell: String, CaseIterable { case bash, zsh }

    static let manual = Manual(
        ["completion"], synopsis: "(bash | zsh)", summary: "print what a shell needs to complete orderctl's words",
        details: "The commands and options of this very version. Needs no engine.",
        examples: [
            ("source <(orderctl completion bash)", "in ~/.bashrc"),
            ("autoload -Uz compinit && compinit && source <(orderctl completion zsh)", "in ~/.zshrc"),
        ])

    private let shell: Shell

    init(_ arguments: inout Arguments) throws(Failure) {
        let operands = try arguments.takeOperands()
        guard operands.count == 1, let shell = Shell(rawValue: operands[0]) else {
            throw Failure(.usage, "For which shell? Give bash or zsh, as in orderctl completion bash")
        }
        self.shell = shell
    }

    @ServiceActor func run(_ session: Session) async throws(Failure) -> ExitCode {
        let choices = CompletionChoices(OrderCtl.commands.map { $0.manual })
        let script = shell == .bash ? choices.bash : choices.zsh
        guard session.wantsJSON else {
            session.console.print(script)
            return .ok
        }
        let body = JSONWriter.object {
            $0.field("shell", shell.rawValue)
            $0.field("script", script)
        }
        session.console.print(body)
        return .ok
    }
}
