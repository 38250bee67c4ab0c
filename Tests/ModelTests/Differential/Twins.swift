import EventLoop
import Orders
import Redis
import TestSupport

@testable import Pipeline

/// Two databases of one server with the same keys: in one the usual steps are taken, in the other the careful ones.
@ServiceActor
final class Twins {
    let usual: Database
    let careful: Database
    private let subscriber: RedisSubscriber
    private var heard: [String: [String]] = [:]
    private var subscriptions: [RedisSubscription] = []
    private var lastMark = ""

    /// The channel that tells when all earlier messages have come.
    private static let mark = "mark"

    private init(_ server: RedisServer) throws {
        let other = server.url.replacing("/0", with: "/1")
        (usual, careful) = (try Database(url: server.url, maxStarts: 9), try Database(url: other, maxStarts: 9))
        subscriber = RedisSubscriber(url: try Database.address(server.url), name: "twins")
    }

    /// Runs a test on a private server.
    static func run(_ body: @ServiceActor (Twins) async throws -> Void) async throws {
        try await withRedis(appendonly: false) { server async throws in
            let twins = try Twins(server)
            try await alongside({ await twins.usual.redis.run() }, stop: { twins.usual.redis.close() }) {
                try await alongside({ await twins.careful.redis.run() }, stop: { twins.careful.redis.close() }) {
                    try await alongside({ await twins.subscriber.run() }, stop: { twins.subscriber.close() }) {
                        for database in [twins.usual, twins.careful] { try await database.redis.connected(within: .seconds(20)) }
                        try await twins.subscriber.connected(within: .seconds(20))
                        _ = try await twins.subscriber.subscribe(mark) { twins.lastMark = $0 }
                        // Calls that find no script are sent again later, and not in their sequence.
                        for script in Scripts.all { try await twins.usual.send("SCRIPT", "LOAD", script.source) }
                        try await body(twins)
                    }
                }
            }
        }
    }

    /// Makes both databases hold what the commands write, and listens to the channels of the orders.
    func begin(_ commands: [[String]], channels: Set<String>) async throws {
        for subscription in subscriptions { subscription.cancel() }
        subscriptions = try await withThrowingTaskGroup(of: RedisSubscription.self) { group in
            for channel in channels { group.addTask { try await self.listen(channel) } }
            var made: [RedisSubscription] = []
            for try await subscription in group { made.append(subscription) }
            return made
        }
        for database in [usual, careful] { try await database.send("FLUSHDB") }
        let arguments = ["1"] + commands.flatMap { [String($0.count)] + $0 }
        _ = try await usual.pipeline.run(Self.setUp, keys: [usual.keys.events], arguments)
        _ = try await messages()
    }

    private func listen(_ channel: String) async throws -> RedisSubscription {
        try await subscriber.subscribe(channel) { text in
            // A user's channel has the messages of several orders. Only those of one order have a sequence.
            self.heard[channel + " " + text.prefix(50), default: []].append(text)
        }
    }

    /// The messages since the last call, by channel and order.
    func messages() async throws -> [String: [String]] {
        let mark = String(UInt64.random(in: .min ... .max))
        try await usual.send("PUBLISH", Self.mark, mark)
        try await eventually { self.lastMark == mark }
        defer { heard = [:] }
        return heard
    }

    /// Everything in a database, by key.
    func contents(_ database: Database) async throws -> [String: String] {
        let texts = try await database.run(Self.contents, [database.keys.events], [])
        return Dictionary(uniqueKeysWithValues: stride(from: 0, to: texts.count - 1, by: 2).map { (texts[$0], texts[$0 + 1]) })
    }

    // MARK: Scripts

    /// Runs commands and copies all keys to another database. ARGV: the number of that database, then for each command: count of words, words
    private static let setUp = RedisScript(
        name: "set up",
        source: """
            local index = 2
            while index <= #ARGV do
              local words, count = {}, tonumber(ARGV[index])
              for number = 1, count do words[number] = ARGV[index + number] end
              redis.call(unpack(words))
              index = index + count + 1
            end
            for _, key in ipairs(redis.call('KEYS', '*')) do redis.call('COPY', key, key, 'DB', ARGV[1]) end
            return 1
            """)

    /// Each key with its content. The events of an order count line by line, whatever fields they are in. The counted starts do not count, because a
    /// usual first start is not written. Times to live count roughly.
    private static let contents = RedisScript(
        name: "contents",
        source: """
            local function hash(values)
              local fields, steps, lines = {}, {}, {}
              for index = 1, #values, 2 do
                local name, value = values[index], values[index + 1]
                if tonumber(name) then
                  steps[#steps + 1] = { tonumber(name), value }
                elseif name ~= 'd' then
                  fields[#fields + 1] = name .. '=' .. value
                end
              end
              table.sort(fields)
              table.sort(steps, function(a, b) return a[1] < b[1] end)
              for index, step in ipairs(steps) do lines[index] = step[2] end
              return table.concat(fields, '\\n') .. '\\n' .. table.concat(lines, '\\n')
            end

            local function stream(key)
              local rows = {}
              for _, row in ipairs(redis.call('XRANGE', key, '-', '+')) do rows[#rows + 1] = row[1] .. ' ' .. table.concat(row[2], ' ') end
              for _, group in ipairs(redis.call('XINFO', 'GROUPS', key)) do
                for _, row in ipairs(redis.call('XPENDING', key, group[2], '-', '+', 100000)) do
                  rows[#rows + 1] = group[2] .. ' ' .. row[1] .. ' ' .. row[2] .. ' ' .. row[4]
                end
              end
              return table.concat(rows, '\\n')
            end

            local readers = {
              hash = function(key) return hash(redis.call('HGETALL', key)) end,
              zset = function(key) return table.concat(redis.call('ZRANGE', key, 0, -1, 'WITHSCORES'), ' ') end,
              stream = stream,
              string = function(key) return redis.call('GET', key) end,
            }
            local answer = {}
            for _, key in ipairs(redis.call('KEYS', '*')) do
              answer[#answer + 1] = key
              local life = math.floor(redis.call('PTTL', key) / 100000 + 0.5)
              answer[#answer + 1] = readers[redis.call('TYPE', key).ok](key) .. '\\n' .. life
            end
            return answer
            """)
}
