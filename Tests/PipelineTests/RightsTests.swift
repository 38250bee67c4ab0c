import Configuration
import EventLoop
import Glibc
import Redis
import TestSupport
import Testing

@testable import Pipeline

@Suite(.onLoop) @ServiceActor
struct RightsTests {
    /// The rights that a user of Redis with these rules lacks.
    private func missing(_ server: RedisServer, _ rules: [String], partitions: Int = 1, waits: Bool = false) async throws -> [String] {
        try await withAdmin(server) { admin in
            _ = try await admin.send(["ACL", "SETUSER", "engine", "reset", "on", "nopass"] + rules)
            let client = RedisClient(url: try #require(RedisURL("redis://engine@127.0.0.1:\(server.port)")), name: "test")
            return try await alongside({ await client.run() }, stop: { client.close() }) {
                try await client.connected(within: .seconds(20))
                let barrier = waits ? ReplicaBarrier(redis: client, settings: ReplicaSettings(count: 1)) : nil
                return try await OrderPipeline(redis: client, settings: PipelineSettings(partitions: partitions), barrier: barrier).missingRights()
            }
        }
    }

    /// The commands on channels that a user with these rules may not run.
    private func missing(_ server: RedisServer, _ rules: [String], of rights: Rights) async throws -> [String] {
        try await withAdmin(server) { admin in
            _ = try await admin.send(["ACL", "SETUSER", "other", "reset", "on", "nopass"] + rules)
            var missing: [String] = []
            for command in rights.commands where command.contains(where: { $0.hasPrefix("updates:") }) {
                let answer = try await admin.send(["ACL", "DRYRUN", "other"] + command)
                if answer != .string("OK") { missing.append(command.prefix(2).joined(separator: " ")) }
            }
            return missing
        }
    }

    private func withAdmin<Value>(_ server: RedisServer, _ body: @ServiceActor (RedisClient) async throws -> Value) async throws -> Value {
        let admin = RedisClient(url: try #require(RedisURL(server.url)), name: "admin")
        return try await alongside({ await admin.run() }, stop: { admin.close() }) {
            try await admin.connected(within: .seconds(20))
            return try await body(admin)
        }
    }

    /// The rules that docs/operations.md gives to the engine's user.
    static let documented = ["~orders:*", "~chain:*", "&updates:*", "+@all", "-@dangerous", "-@admin", "+info", "+config|get"]

    @Test func `the rights that the documentation gives are all that the engine needs`() async throws {
        try await withRedis { server in
            let missing = try await missing(server, Self.documented, partitions: 3)
            #expect(missing.isEmpty)
            #expect(try await self.missing(server, Self.documented, waits: true).isEmpty)
            #expect(try await self.missing(server, Self.documented + ["-wait"], waits: true) == ["WAIT"])
            #expect(try await self.missing(server, Self.documented, of: Rights(Keys(partition: 5), onCluster: true)).isEmpty)
            let text = contents(of: packageRoot + "/docs/operations.md")
            #expect(text.contains(Self.documented.joined(separator: " ")))
        }
    }

    @Test func `a right that is missing is named, with what it is missing on`() async throws {
        try await withRedis { server in
            let channels = try await missing(server, ["~*", "+@all"])
            #expect(channels.contains("PUBLISH updates:user:nobody") && channels.contains("SUBSCRIBE updates:silence"))
            #expect(channels.allSatisfy { $0.contains("updates:") })
            let commands = try await missing(server, ["~*", "&*", "+@all", "-xtrim"])
            #expect(commands.contains("XTRIM orders:{0}:events") && commands.allSatisfy { $0.hasPrefix("XTRIM ") })
            let consumers = try await missing(server, ["~*", "&*", "+@all", "-xinfo|consumers"])
            #expect(!consumers.isEmpty && consumers.allSatisfy { $0.hasPrefix("XINFO CONSUMERS orders:{0}:") })
            let keys = try await missing(server, ["~orders:*", "&*", "+@all"])
            #expect(keys.contains("HSET chain:{0}:none") && keys.allSatisfy { $0.contains("chain:{0}:") })
            let first = ["~orders:{0}:*", "~orders:{s*", "~orders:{l*", "~orders:{a*", "~orders:{p*", "~chain:*", "&*", "+@all"]
            let second = try await missing(server, first, partitions: 2)
            #expect(!second.isEmpty && second.allSatisfy { $0.contains("{1}") })
        }
    }

    @Test func `in a cluster only sharded channels are asked for`() async throws {
        try await withRedis { server in
            let rights = Rights(Keys(partition: 5), onCluster: true)
            let channels = try await missing(server, ["~*", "+@all"], of: rights)
            #expect(channels.contains("SPUBLISH updates:{5}:user:nobody") && channels.count == 4)
            #expect(try await missing(server, ["~*", "&*", "+@all", "-publish", "-subscribe", "-unsubscribe"], of: rights).isEmpty)
        }
    }

    @Test func `without the right to scripts that is the answer, in Redis' own words`() async throws {
        try await withRedis { server in
            let error = await #expect(throws: PipelineError.self) {
                try await missing(server, ["~*", "&*", "+@all", "-eval", "-evalsha", "-script"])
            }
            #expect(error?.code == .refused && error?.words?.contains("evalsha") == true)
        }
    }

    @Test func `every command that a script or the pipeline uses is among the rights that are asked for`() throws {
        let asked = Set(Rights(Keys(partition: 0)).commands.map { ["XGROUP", "XINFO"].contains($0[0]) ? "\($0[0]) \($0[1])" : $0[0] })
        var used: Set<String> = []
        let lua = #/\b(?:redis\.p?call|call|try|write|demand)\('([A-Z]+)'(?:, '([A-Z]+)')?/#
        for file in try scripts(in: "Sources/Shared/Pipeline/Scripts/Lua") + scripts(in: "Sources/Shared/PaperMarket/Ledger/Lua") {
            let text = contents(of: packageRoot + "/" + file)
            for match in text.matches(of: lua) {
                let word = String(match.1)
                used.insert(["XGROUP", "XINFO"].contains(word) ? "\(word) \(match.2 ?? "")" : word)
            }
        }
        #expect(used.count > 20)
        #expect(used.subtracting(asked).isEmpty, "Rights.swift has to ask for these as well")
    }

    private func scripts(in folder: String) throws -> [String] {
        let directory = try #require(opendir(packageRoot + "/" + folder))
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) } }
            if name.hasSuffix(".lua") { names.append(folder + "/" + name) }
        }
        return names
    }
}
