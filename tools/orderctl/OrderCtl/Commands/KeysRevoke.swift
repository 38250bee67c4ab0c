internal import Access
internal import EventLoop
internal import JSON

/// `orderctl keys revoke`: takes an API key out of a file.
struct KeysRevoke: Command {
    static let manual = Manual(
        ["keys", "revoke"], synopsis: "--file F NAME", summary: "take an API key out of the file",
        details: """
            Engines that use the file refuse the key within two seconds, and close its
            sockets and streams. Orders keep their owner: a new key of the same name, or
            for the same user, sees them. Exit code 1 when there is no such key. Needs no
            engine.
            """,
        options: [KeyFileStore.option],
        examples: [("orderctl keys revoke --file keys.json bot", "the bot's key is lost")])

    private let store: KeyFileStore
    private let name: String

    init(_ arguments: inout Arguments) throws(Failure) {
        store = try KeyFileStore(&arguments)
        let names = try arguments.takeOperands()
        guard names.count == 1 else { throw Failure(.usage, "Which key? Give one name; orderctl keys list shows them") }
        name = names[0]
    }

    @ServiceActor func run(_ session: Session) async throws(Failure) -> ExitCode {
        try await store.change(makesFile: false) { keys throws(Failure) in
            guard keys.remove(name) else {
                throw Failure(.refused, Terminal.safe("\(store.path) has no key named \(name); orderctl keys list shows those it has"))
            }
        }
        session.console.print(session.wantsJSON ? JSONWriter.object { $0.field("revoked", name) } : "\(name)  revoked")
        return .ok
    }
}
