internal import Access
internal import EventLoop
internal import JSON
internal import Orders

/// `orderctl keys new`: makes an API key.
struct KeysNew: Command {
    static let manual = Manual(
        ["keys", "new"], synopsis: "--file F --name N [options]", summary: "make an API key, and show it once",
        details: """
            Adds the key to the file, which is made if it is missing. The file has only a
            hash of the key, so the key cannot be shown again. Engines that use the file
            take the key within two seconds. Needs no engine, but the right to write in
            the file's folder. Scopes: trade (place and cancel own orders), read (see own
            orders), operate (see and do everything). Without --user its orders belong to its
            name: a new key with the name of an earlier one has that one's orders.
            """,
        options: [
            KeyFileStore.option,
            Manual.Option(name: "--name N", meaning: "what lists and logs call it: letters, digits, dots, underscores, dashes"),
            Manual.Option(name: "--scopes LIST", meaning: "what it may do (trade,read)"),
            Manual.Option(name: "--user U", meaning: "it places and sees orders of this user only"),
            Manual.Option(name: "--expires WHEN", meaning: "90d, 12h, or a time such as 2027-01-31T00:00:00Z (never)"),
            Manual.Option(name: "--requests-per-second N", meaning: "its limit of requests, in place of the usual one"),
            Manual.Option(name: "--orders-per-second N", meaning: "its limit of orders"),
            Manual.Option(name: "--sockets N", meaning: "its limit of open sockets and streams, in one notifier"),
            Manual.Option(name: "--open-orders N", meaning: "how many orders its user may have open at once"),
            Manual.Option(name: "--orders-per-minute N", meaning: "how many orders of its user are taken within a minute"),
        ],
        examples: [
            ("orderctl keys new --file keys.json --name bot --expires 90d", "a key for a bot"),
            ("(umask 077; orderctl keys new --file keys.json --name me --scopes operate >me.key)", "one for yourself, for --key-file"),
        ])

    private let store: KeyFileStore
    private let name: String
    private let scopes: Scopes
    private let user: UserID?
    private let expires: UInt64?
    private let limits: KeyLimits

    init(_ arguments: inout Arguments) throws(Failure) {
        store = try KeyFileStore(&arguments)
        name = try Self.name(&arguments)
        scopes = try Self.scopes(&arguments)
        user = try Self.user(&arguments)
        expires = try Self.expires(&arguments)
        limits = KeyLimits(
            requests: try arguments.takeNumber("--requests-per-second", in: 1...KeyLimits.most),
            orders: try arguments.takeNumber("--orders-per-second", in: 1...KeyLimits.most),
            sockets: try arguments.takeNumber("--sockets", in: 1...KeyLimits.most),
            openOrders: try arguments.takeNumber("--open-orders", in: 1...KeyLimits.most),
            ordersPerMinute: try arguments.takeNumber("--orders-per-minute", in: 1...KeyLimits.most))
    }

    @ServiceActor func run(_ session: Session) async throws(Failure) -> ExitCode {
        let secret = KeySecret.random()
        let key = APIKey(name: name, digest: secret.digest, scopes: scopes, user: user, expires: expires, limits: limits)
        try await store.change(makesFile: true) { keys throws(Failure) in
            do throws(KeyFileError) { try keys.add(key) } catch {
                throw Failure(.refused, Terminal.safe("\(store.path) \(error); choose another name, or revoke that key first"))
            }
        }
        show(secret, on: session)
        return .ok
    }

    @ServiceActor private func show(_ secret: KeySecret, on session: Session) {
        guard session.wantsJSON else {
            session.console.print(secret.text)
            // Not part of the result, so that `>file` makes a file for --key-file.
            return session.console.complain("This is the key \(name). It is shown only now: keep it where only its user can read it.")
        }
        session.console.print(
            JSONWriter.object {
                $0.field("key", secret.text)
                $0.field("name", name)
            })
    }
}

// MARK: Options

extension KeysNew {
    private static func name(_ arguments: inout Arguments) throws(Failure) -> String {
        guard let name = try arguments.takeValue("--name") else {
            throw Failure(.usage, "What is the key to be called? Give it a name, as in --name bot")
        }
        guard APIKey.isName(name) else {
            throw Failure(.usage, "--name has to be 1 to 64 letters, digits, dots, underscores and dashes")
        }
        return name
    }

    private static func scopes(_ arguments: inout Arguments) throws(Failure) -> Scopes {
        guard let text = try arguments.takeValue("--scopes") else { return [.trade, .read] }
        let names = text.split(separator: ",", omittingEmptySubsequences: false).map { String($0) }
        guard let scopes = Scopes(names: names) else {
            throw Failure(.usage, "--scopes has to be some of \(Scopes.all.names.joined(separator: ",")), separated by commas")
        }
        return scopes
    }

    private static func user(_ arguments: inout Arguments) throws(Failure) -> UserID? {
        guard let text = try arguments.takeValue("--user") else { return nil }
        guard let user = UserID(text) else { throw Failure(.usage, "--user has to be a text of 1 to 255 characters") }
        return user
    }

    private static func expires(_ arguments: inout Arguments) throws(Failure) -> UInt64? {
        guard let text = try arguments.takeValue("--expires") else { return nil }
        guard let time = KeyExpiry.parse(text, now: WallClock.milliseconds) else {
            throw Failure(
                .usage, "--expires has to be days such as 90d, hours such as 12h, or a time to come, with a zone, such as 2027-01-31T00:00:00Z")
        }
        return time
    }
}
