internal import EventLoop
internal import Orders
internal import Pipeline
internal import Postgres
internal import Redis
internal import ServiceKit
internal import Storage

/// Checks everything that the engine stands on. A check that cannot be made is a finding too, so there is always a complete report.
@ServiceActor
final class Examination {
    private static let postgresLimit = Duration.seconds(3)

    private let process: ServiceProcess
    private let lag: LagSampler
    private let store: OrderStore
    private let postgres: PostgresPool
    private let lists: OrderLists
    private let waits: WaitCheck

    init(process: ServiceProcess, lag: LagSampler, store: OrderStore, postgres: PostgresPool, lists: OrderLists, waits: WaitCheck) {
        self.process = process
        self.lag = lag
        self.store = store
        self.postgres = postgres
        self.lists = lists
        self.waits = waits
    }

    /// All checks, always the same ones, in the order in which they are to be read.
    func run(stuckAfter: Duration) async -> [Diagnosis] {
        var results = await redis()
        results += await pipeline()
        do {
            results += try await clocks()
            results += try await OrderChecks(pipeline: process.pipeline, store: store, stuckAfter: stuckAfter).all()
        } catch let error as PipelineError {
            results += OrderChecks.names.map { Diagnosis($0, .unknown, "cannot be looked at: \(error.cause)") }
        } catch let error as PostgresError {
            // Postgres may have told its version before it refused to read the orders.
            results.removeAll { $0.check == "postgres" }
            results.append(PostgresCheck(error).diagnosis)
            let known = results.map(\.check)
            results += (["clock"] + OrderChecks.names).filter { !known.contains($0) }.map {
                Diagnosis($0, .unknown, "cannot be looked at without Postgres")
            }
        } catch {
            results += OrderChecks.names.map { Diagnosis($0, .unknown, "an order in Postgres cannot be read: \(error)") }
        }
        results.append(await waiting())
        results.append(await notifiersPostgres())
        results.append(ReplicaCheck(lists: lists).diagnosis)
        return results
    }

    private func redis() async -> [Diagnosis] {
        let masters = process.redis.masters
        var found: [(server: String, checks: [Diagnosis])] = []
        do throws(RedisError) {
            for master in masters {
                let info = RedisInfo(try await master.send(["INFO"]).string ?? "")
                found.append((master.endpoint, (await redisChecks(info, of: master)).all))
            }
            if found.isEmpty { throw process.redis.unavailable }
            return [RedisStanding(trouble: process.redisTrouble).diagnosis] + Diagnosis.worst(of: found)
        } catch {
            let cause = PipelineError(error).cause
            let standing = RedisStanding(trouble: process.redisTrouble ?? (error.words == nil ? cause : nil))
            let advice = error.rejection == "NOPERM" ? "Give the user of REDIS_URL the right to INFO: ACL SETUSER NAME +info." : ""
            return [standing.diagnosis] + RedisChecks.names.map { Diagnosis($0, .unknown, "cannot be looked at: \(cause)", do: advice) }
        }
    }

    private func redisChecks(_ info: RedisInfo, of master: RedisNode) async -> RedisChecks {
        let needed = process.pipeline.barrier?.settings.count ?? 0
        do throws(RedisError) {
            let sync = try await master.send(["CONFIG", "GET", "appendfsync"]).array?.last?.string
            return RedisChecks(info: info, appendfsync: sync, replicasNeeded: needed)
        } catch {
            return RedisChecks(info: info, appendfsync: nil, silence: error.words ?? PipelineError(error).cause, replicasNeeded: needed)
        }
    }

    private func pipeline() async -> [Diagnosis] {
        do throws(PipelineError) {
            let instances = try await process.pipeline.instances()
            let alive = Dictionary(grouping: instances, by: \.service).mapValues(\.count)
            let troubles = instances.compactMap { process in
                process.fields["trouble"].flatMap { $0.isEmpty ? nil : "\(process.name): \($0)" }
            }
            let partitions = try await process.pipeline.partitionStanding()
            let open = instances.filter { AccessMode(of: $0) == .open }.map(\.name)
            return PipelineChecks(
                lag: try await lag.sample(), alive: alive, troubles: troubles.sorted(), partitions: partitions,
                openBesideKeyed: open.count == instances.count ? [] : open.sorted()
            ).all
        } catch {
            return PipelineChecks.names.map { Diagnosis($0, .unknown, "cannot be looked at: \(error.cause)") }
        }
    }

    private func waiting() async -> Diagnosis {
        do throws(PipelineError) { return try await waits.diagnosis() } catch {
            return Diagnosis(WaitCheck.name, .unknown, "cannot be looked at: \(error.cause)")
        }
    }

    /// Whether the notifiers can write to Postgres, from their heartbeats. The gateway itself only reads.
    private func notifiersPostgres() async -> Diagnosis {
        let name = "postgres-writing"
        guard let told = (try? await process.pipeline.instances())?.compactMap({ $0.fields["postgres"] }), !told.isEmpty else {
            return Diagnosis(name, .unknown, "no notifier says whether it can store events")
        }
        let reasons = told.filter { !$0.isEmpty }
        guard let reason = reasons.first else { return Diagnosis(name, .ok, "the notifiers can store events") }
        return Diagnosis(
            name, .fault, "\(reasons.count == 1 ? "a notifier" : "\(reasons.count) notifiers") cannot store events: \(reason)",
            do: "See the notifiers' logs (postgres.refused, schema.not_ready) and docs/runbook.md; events wait in Redis and are stored then.")
    }

    private func clocks() async throws -> [Diagnosis] {
        let rows = try await postgres.query(
            "SELECT current_setting('server_version') AS version, round(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS time",
            expecting: ["version", "time"], timeout: Self.postgresLimit
        ).rows
        var results = [Diagnosis("postgres", .ok, "Postgres \(rows.first?["version"]?.prefix { $0 != " " } ?? "?") answers")]
        if let redis = process.heartbeat.clock.now, let database = rows.first?["time"].flatMap({ Int64($0) }) {
            let setBack = Int64(process.heartbeat.setBack.millisecondsRoundedUp)
            let others = [("the gateway", Int64(WallClock.milliseconds)), ("Postgres", database)]
            results.append(ClockCheck(redisMs: Int64(redis) - setBack, setBackMs: setBack, others: others).diagnosis)
        } else {
            results.append(Diagnosis("clock", .unknown, "the time of Redis is not known"))
        }
        return results
    }
}
