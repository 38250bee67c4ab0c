internal import Access
internal import EventLoop
internal import JSON
internal import Orders

/// `orderctl keys list`: lists the API keys of a file.
struct KeysList: Command {
    static let manual = Manual(
        ["keys", "list"], synopsis: "--file F", summary: "list API keys, without the keys themselves",
        details: """
            Name, scopes, user, expiry and limits of each key, in the order of the file.
            Nobody can show the keys: the file has only their hashes. Needs no engine.
            """,
        options: [KeyFileStore.option],
        examples: [
            ("orderctl keys list --file keys.json", "who has a key"),
            ("orderctl keys list --file keys.json --json | jq -r '.keys[] | select(.expired).name'", "keys that no longer work"),
        ])

    private let store: KeyFileStore

    init(_ arguments: inout Arguments) throws(Failure) { store = try KeyFileStore(&arguments) }

    @ServiceActor func run(_ session: Session) async throws(Failure) -> ExitCode {
        let keys = try store.read().keys
        let now = WallClock.milliseconds
        if session.wantsJSON {
            session.console.print(Self.json(keys, now))
        } else if keys.isEmpty {
            session.console.print("No keys.")
        } else {
            for line in Self.table(keys, now, session.console).lines { session.console.print(line) }
        }
        return .ok
    }

    private static func json(_ keys: [APIKey], _ now: UInt64) -> String {
        JSONWriter.object { writer in
            writer.array("keys") { list in
                for key in keys {
                    list.object {
                        $0.field("name", key.name)
                        $0.field("scopes", key.scopes.names)
                        $0.field("user", orNull: key.user)
                        $0.field("expires", orNull: key.expires.map { Timestamp.text(milliseconds: $0) })
                        $0.field("expired", key.isExpired(at: now))
                        $0.field("limits", key.limits)
                    }
                }
            }
        }
    }

    @ServiceActor private static func table(_ keys: [APIKey], _ now: UInt64, _ console: Console) -> Table {
        var table = Table("NAME", "SCOPES", "USER", "EXPIRES", "LIMITS")
        for key in keys {
            let expires = key.expires.map { String(Timestamp.text(milliseconds: $0).prefix { $0 != "." }) + "Z" } ?? "never"
            table.add(
                key.name, key.scopes.names.joined(separator: ","), key.user.map { Terminal.cut($0.text, to: 64) } ?? "-",
                key.isExpired(at: now) ? console.paint(expires + " (expired)", .red) : expires, limits(key.limits))
        }
        return table
    }

    private static func limits(_ limits: KeyLimits) -> String {
        let given = [
            limits.requests.map { "\($0) requests/s" }, limits.orders.map { "\($0) orders/s" }, limits.sockets.map { "\($0) sockets" },
            limits.openOrders.map { "\($0) open orders" }, limits.ordersPerMinute.map { "\($0) orders/min" },
            limits.notional.map { "at most " + $0.maxima.map { "\($0.amount) \(Terminal.cut($0.token, to: 16))" }.joined(separator: ", ") },
        ].compactMap { $0 }
        return given.isEmpty ? "usual" : given.joined(separator: ", ")
    }
}
