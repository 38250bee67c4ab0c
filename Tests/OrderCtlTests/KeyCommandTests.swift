import Access
import EventLoop
import Glibc
import JSON
import Orders
import TestSupport
import Testing

@testable import OrderCtl

@Suite(.onLoop) @ServiceActor
struct KeyCommandTests {
    @Test func `a new key is shown once, and its hash is in a file for its owner only`() async throws {
        try await KeyFiles.with { files in
            let run = await ToolRun.of(["keys", "new", "--file", files.path, "--name", "bot"])
            #expect(run.status == .ok)
            let secret = try #require(KeySecret(String(run.output.dropLast())))
            #expect(run.output == secret.text + "\n")
            #expect(run.errors == "This is the key bot. It is shown only now: keep it where only its user can read it.\n")
            #expect(try files.keys() == [APIKey(name: "bot", digest: secret.digest, scopes: [.trade, .read])])
            #expect(files.mode() == 0o600 && files.names() == ["keys.json"])
            let ring = KeyRing(KeyFile(keys: try files.keys()))
            #expect(ring.principal(secret.text, at: WallClock.milliseconds)?.name == "bot")
        }
    }

    @Test func `a key has the scopes, user, expiry and limits that were asked for`() async throws {
        try await KeyFiles.with { files in
            let before = WallClock.milliseconds
            try await files.new("a", "--scopes", "operate", "--user", "ålice", "--expires", "90d")
            try await files.new(
                "b", "--requests-per-second", "9", "--orders-per-second=8", "--sockets", "5", "--open-orders", "7", "--orders-per-minute=6",
                "--expires", "2100-01-01T00:00:00+01:00")
            let keys = try files.keys()
            let days = try #require(keys[0].expires) - before
            #expect(keys[0].scopes == .operate && keys[0].user == UserID("ålice") && (7_776_000_000..<7_776_060_000).contains(days))
            #expect(keys[1].scopes == [.trade, .read] && keys[1].user == nil && keys[1].expires == 4_102_441_200_000)
            #expect(keys[0].limits == KeyLimits())
            #expect(keys[1].limits == KeyLimits(requests: 9, orders: 8, sockets: 5, openOrders: 7, ordersPerMinute: 6))
        }
    }

    @Test func `keys are listed with what they may, expired ones are marked, and no hash is shown`() async throws {
        try await KeyFiles.with { files in
            #expect(await ToolRun.of(["keys", "list", "--file", files.path]).status == .usage)
            let secret = KeySecret.random()
            let bot = APIKey(name: "bot", digest: secret.digest, scopes: [.trade, .read])
            let old = APIKey(
                name: "old", digest: KeySecret.random().digest, scopes: .all, user: UserID("a\u{1B}b"), expires: 1_700_000_000_000,
                limits: KeyLimits(
                    requests: 9, orders: 8, sockets: 5, openOrders: 7, ordersPerMinute: 6,
                    notional: NotionalLimit([.init(token: "SOL", amount: "5")!])))
            try write(KeyFile(keys: [bot, old]).text, to: files.path)
            let run = await ToolRun.of(["keys", "list", "--file", files.path])
            #expect(
                run.output == """
                    NAME  SCOPES              USER      EXPIRES                         LIMITS
                    bot   trade,read          -         never                           usual
                    old   trade,read,operate  a\\u{1b}b  2023-11-14T22:13:20Z (expired)  9 requests/s, 8 orders/s, 5 sockets, \
                    7 open orders, 6 orders/min, at most 5 SOL

                    """)
            let json = await ToolRun.of(["keys", "list", "--file", files.path, "--json"])
            #expect(
                json.output == #"{"keys":[{"name":"bot","scopes":["trade","read"],"user":null,"expires":null,"expired":false,"limits":{}},"#
                    + #"{"name":"old","scopes":["trade","read","operate"],"user":"a\u001bb","expires":"2023-11-14T22:13:20.000Z","expired":true,"#
                    + #""limits":{"requestsPerSecond":9,"ordersPerSecond":8,"sockets":5,"openOrders":7,"ordersPerMinute":6,"#
                    + #""orderNotional":{"SOL":"5"}}}]}"# + "\n")
            for shown in [run, json] { #expect(!shown.output.contains(secret.digest.hex.prefix(8)) && shown.errors.isEmpty) }
        }
    }

    @Test func `a key that is revoked is gone, the others stay, and a second time it ends with 1`() async throws {
        try await KeyFiles.with { files in
            for name in ["a", "b", "c"] { try await files.new(name) }
            let run = await ToolRun.of(["keys", "revoke", "--file", files.path, "b"])
            #expect(run.status == .ok && run.output == "b  revoked\n" && run.errors.isEmpty)
            #expect(try files.keys().map(\.name) == ["a", "c"])
            let again = await ToolRun.of(["keys", "revoke", "--file", files.path, "b"])
            #expect(again.status == .refused && again.output.isEmpty && again.errors.contains("keys.json has no key named b;"))
            for name in ["a", "c"] { #expect(await ToolRun.of(["keys", "revoke", name, "--file", files.path, "--json"]).status == .ok) }
            #expect(await ToolRun.of(["keys", "list", "--file", files.path]).output == "No keys.\n")
        }
    }

    @Test func `a name that is taken is refused with 1, and the file stays`() async throws {
        try await KeyFiles.with { files in
            try await files.new("bot")
            let before = (contents(of: files.path), files.status().st_ino)
            let run = await ToolRun.of(["keys", "new", "--file", files.path, "--name", "bot"])
            #expect(run.status == .refused && run.output.isEmpty && run.errors.contains("has a key named bot already"))
            #expect(contents(of: files.path) == before.0 && files.status().st_ino == before.1 && files.names() == ["keys.json"])
        }
    }

    @Test(arguments: [
        (["new", "--file", "F"], "Give it a name"), (["new", "--name", "bot"], "Which file has the keys?"),
        (["new", "--file", "F", "--name", "a b"], "--name has to be 1 to 64 letters"),
        (["new", "--file", "F", "--name", "a", "--scopes", "trade,admin"], "--scopes has to be some of trade,read,operate"),
        (["new", "--file", "F", "--name", "a", "--scopes", "trade,"], "--scopes has to be some of"),
        (["new", "--file", "F", "--name", "a", "--user", String(repeating: "u", count: 256)], "--user has to be a text of 1 to 255 characters"),
        (["new", "--file", "F", "--name", "a", "--orders-per-second", "0"], "--orders-per-second has to be a whole number from 1 to 1000000"),
        (["new", "--file", "F", "--name", "a", "--orders-per-second", "1.5"], "--orders-per-second has to be a whole number"),
        (["new", "--file", "F", "--name", "a", "--requests-per-second", "1000001"], "--requests-per-second has to be a whole number"),
        (["new", "--file", "F", "--name", "a", "b"], "\"b\" is too much"),
        (["revoke", "--file", "F"], "Which key?"), (["revoke", "--file", "F", "a", "b"], "Which key?"), (["list"], "Which file has the keys?"),
    ])
    func `words that cannot be used end with 64, and no file is made`(_ words: [String], _ sentence: String) async throws {
        try await KeyFiles.with { files in
            let run = await ToolRun.of(["keys"] + words.map { $0 == "F" ? files.path : $0 })
            #expect(run.status == .usage && run.output.isEmpty && run.errors.contains(sentence), "\(run.errors)")
            #expect(files.names().isEmpty)
        }
    }

    @Test(
        arguments: [
            ("1d", 86_400_000), ("12h", 43_200_000), ("36500d", 3_153_600_000_000), ("876000h", 3_153_600_000_000),
            ("1970-01-01T00:00:02Z", 1000), ("0d", nil), ("36501d", nil), ("-1d", nil), ("+1d", nil), ("1.5d", nil), ("d", nil), ("90", nil),
            ("99999999999999999999h", nil), ("1w", nil), ("1970-01-01T00:00:01Z", nil), ("1969-01-01T00:00:00Z", nil), ("2027-01-31T00:00:00", nil),
            ("2027-01-31", nil), ("", nil),
        ] as [(String, UInt64?)])
    func `an expiry is days, hours, or a time to come with a zone`(_ text: String, _ milliseconds: UInt64?) {
        #expect(KeyExpiry.parse(text, now: 1000) == milliseconds.map { $0 + 1000 })
    }

    @Test func `an expiry that is none ends with 64`() async {
        let run = await ToolRun.of(["keys", "new", "--file", "/nowhere/f", "--name", "a", "--expires", "1969-01-01T00:00:00Z"])
        #expect(run.status == .usage && run.errors.contains("--expires has to be days such as 90d"))
    }

    @Test func `no engine, and no key of an engine, is looked at`() async throws {
        try await KeyFiles.with { files in
            let run = await ToolRun.of(
                ["keys", "new", "--file", files.path, "--name", "a"], environment: ["ORDERCTL_KEY_FILE": "/nowhere", "PORT": "1"])
            #expect(run.status == .ok)
        }
    }
}
