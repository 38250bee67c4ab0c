"""The mutations: what each takes away, where, and which check has to notice."""

from dataclasses import dataclass

LUA = "Sources/Shared/Pipeline/Scripts/Lua"
EXECUTOR = "services/executor/ExecutorService"
PAPER = "Sources/Shared/PaperMarket"
CHAIN = "Sources/Shared/Venues/Chain"
GATEWAY = "services/gateway/GatewayService"
WORKER = "Sources/Shared/Pipeline/Worker"
PIPELINE = "Sources/Shared/Pipeline"
LANES = "Sources/Shared/Pipeline/Lanes"


@dataclass(frozen=True)
class Mutation:
    name: str
    takes_away: str
    file: str
    old: str  # this text is in the file exactly once
    new: str
    check: tuple[str, str]  # ("chaos", faults...) or ("test", filter of swift test)
    also: tuple[tuple[str, str], ...] = ()  # further pairs of old and new in the same file


def chaos(*faults: str) -> tuple[str, str]:
    return ("chaos", ",".join(faults))


SCHEDULES = ("test", "ModelTests.ScheduleTests")
DIFFERENTIAL = ("test", "ModelTests.DifferentialTests")

MUTATIONS = (
    Mutation(
        "month-made-meanwhile", "an order is bad data when its month gets its part while it is stored",
        "Sources/Shared/Storage/OrderStore.swift", "triedAgain.insert(range.lowerBound).inserted", "!triedAgain.insert(range.lowerBound).inserted",
        ("test", "StorageTests.MonthTests")),
    Mutation(
        "growth-fence", "a partition takes orders that were placed by the count of before", f"{LUA}/accept.lua",
        "ARGV[8] ~= '' and ARGV[8] ~= placing", "ARGV[8] ~= '' and false", ("test", "PipelineTests.GrowthTests")),
    Mutation(
        "growth-fence-many", "a batch takes orders that were placed by the count of before", f"{LUA}/accept_many.lua",
        "placing and placing ~= ARGV[index + 3]", "false", ("test", "PipelineTests.GrowthTests")),
    Mutation(
        "one-by-one", "a batch that cannot be stored is tried with the others for ever", f"{PIPELINE}/Streams/SharedSink.swift",
        "alone = requests.count > 1 ? requests.count : max(0, alone - 1)", "alone = 0", ("test", "PipelineTests.SharedSinkTests")),
    Mutation(
        "counting-keys", "a cluster grows though orders of a key are counted", f"{GATEWAY}/PartitionRoutes.swift",
        "countsOrders || process.access.countsOrders,", "countsOrders,", ("test", "ServiceTests.UserLimitTests")),
    Mutation(
        "ended", "a partition that nobody reads any more takes orders", f"{LUA}/accept_many.lua",
        "or isPaused or hasEnded or", "or isPaused or", ("test", "PipelineTests.PartitionChangeTests")),
    Mutation(
        "growth-record", "records of before an engine grew are not looked for", f"{PIPELINE}/Partitions/OrderPipeline+Placing.swift",
        "guard !places.contains(place) else { continue }", "guard !places.contains(place), place < 0 else { continue }",
        ("test", "PipelineTests.GrowthTests")),
    Mutation(
        "growth-readers", "a growth does not wait for those who read", f"{PIPELINE}/Partitions/OrderPipeline+Growing.swift",
        "guard try await instances().allSatisfy({ $0.fields[\"partitions\"] == seen.reading }) else { return false }", "",
        ("test", "PipelineTests.GrowthTests")),
    Mutation(
        "growth-id", "an id from before the growth is placed by the count of after it", f"{PIPELINE}/Partitions/OrderPipeline+Placing.swift",
        "guard order.id.partition == Self.partition(scope, key, of: agreement.placing) else { return .moved }", "",
        ("test", "PipelineTests.GrowthTests")),
    Mutation(
        "reads-first", "others count on a process that does not read yet", f"{LANES}/Roster.swift",
        "public internal(set) var isServing = false", "public internal(set) var isServing = true",
        ("test", "PipelineTests.RosterTests")),
    Mutation(
        "silence", "after a silence the others count as gone", f"{LANES}/Roster.swift",
        "Set(found).union(keptUntil > .now ? names : [name])", "Set(found).union([name])",
        ("test", "PipelineTests.RosterTests")),
    Mutation(
        "given-up", "a lane that is given up closes though it has entries in hand", f"{WORKER}/WorkerLane.swift",
        "if held.isEmpty { return }", "if held.count >= 0 { return }",
        ("test", "PipelineTests.LaneTests")),
    Mutation(
        "stopping", "a process that stops tells the others only at the end of its grace period", f"{LANES}/LaneSet.swift",
        "        roster.isServing = false\n", "",
        ("test", "PipelineTests.LaneTests")),
    Mutation(
        "one-budget", "an entry that finds no place is begun all the same", f"{WORKER}/SharedPlaces.swift",
        "guard free > 0 else { return false }\n", "",
        ("test", "PipelineTests.LaneTests")),
    Mutation(
        "larger-turns", "each of many lanes reads an equal part of the places at once", f"{WORKER}/SharedPlaces.swift",
        "min(Self.portion, places.count / 4)", "1", ("test", "PipelineTests.SharedPlacesTests")),
    Mutation(
        "one-state", "two states of one order are stored at once", f"{PIPELINE}/Streams/SharedSink.swift",
        "ids.isDisjoint(with: request.orders.map(\\.id))", "true", ("test", "PipelineTests.SharedSinkTests")),
    Mutation(
        "own-refusals", "a lane hears of refusals of another lane's orders", f"{PIPELINE}/Streams/SharedSink.swift",
        "refusals.filter { range.contains($0.index) }", "refusals", ("test", "PipelineTests.SharedSinkTests")),
    Mutation(
        "all-lanes", "whether many orders are under way is asked of one lane alone", f"{PIPELINE}/Streams/EventLane.swift",
        "sink.isBusy", "batch.count >= 32", ("test", "PipelineTests.EventConsumerTests")),
    Mutation(
        "listens-early", "a process takes requests before Redis can be reached", "Sources/Shared/ServiceKit/ServiceRun.swift",
        "        await wait.value\n", "", ("test", "ServiceTests.ServiceRunTests")),
    Mutation(
        "fence", "a step does not look whose the entry is", f"{LUA}/step.lua",
        "if claim[2] ~= consumer then return { 'fenced' } end\n", "",
        chaos("steal", "freeze")),
    Mutation(
        "compare", "a step does not look how far the order is", f"{LUA}/step.lua",
        "if FINAL[order.state] or ahead then", "if false then",
        chaos("duplicate", "kill")),
    Mutation(
        "round", "an entry of an earlier round counts as one of this round", f"{LUA}/step.lua",
        "local ahead = order.round > round or ", "local ahead = ",
        SCHEDULES),
    Mutation(
        "seen", "who gives an attempt up need not have seen where the order is", f"{LUA}/step.lua",
        "if seen ~= '' and seen ~= order.state then return { 'conflict' } end\n", "",
        SCHEDULES),
    Mutation(
        "promote", "a due retry is handed back though the order has gone on under another entry", f"{LUA}/promote.lua",
        "if not order or retryOf(order) ~= member then return end", "if not order then return end",
        SCHEDULES),
    Mutation(
        "same-bytes", "who takes a submitted order over signs anew", f"{EXECUTOR}/ExecutionHandler.swift",
        "                try await follow(work.transactions, work, entry)\n",
        "                guard let old = work.transactions.first,\n"
        "                    let again = try? await chain.sign(\n"
        "                        work.order, leg: 0, attempt: work.attempt + 100, quote: old.quote, now: work.now)\n"
        "                else { return }\n"
        "                try await follow([again], work, entry)\n",
        chaos("kill", "freeze", "term")),
    Mutation(
        "legs", "a leg that has landed is signed anew with the others", "Sources/Shared/Orders/Events/ChosenRoute.swift",
        "legs.filter { $0.status != .landed }", "legs",
        ("test", "ServiceTests.ExecutionHandlerTests")),
    Mutation(
        "rest", "a split order is quoted anew as a whole, whatever has landed of it", "Sources/Shared/Orders/Events/ChosenRoute.swift",
        "landed.isEmpty ? order.amountIn : min(", "true ? order.amountIn : min(",
        ("test", "OrdersTests.ChosenRouteTests|ServiceTests.SplitDeskTests")),
    Mutation(
        "part-cancel", "an order of which a part has landed can be cancelled", f"{LUA}/cancel.lua",
        "if each.state ~= 'open' and each.remark ~= '' then return { 'filled' } end\n", "",
        ("test", "ServiceTests.ExecutionHandlerTests")),
    Mutation(
        "expiry", "a transaction counts as expired when it has not landed after a moment", f"{PAPER}/MockChainClient.swift",
        "        case .sent(let due): .onItsWay(due: due)\n",
        "        case .sent: .settled(.expired)\n",
        chaos("kill"),
        also=(("?? .onItsWay(due: due)", "?? .onItsWay(due: .zero)"),)),
    Mutation(
        "subscribe-first", "a feed reads the order before it has subscribed, and not again",
        "services/notifier/NotifierService/Feeds/Feed.swift",
        "    func open() async {\n", "    func open() async {\n        await refresh()\n",
        ("test", "ServiceTests.OrderFeedTests"),
        also=(("        let opened = MonotonicInstant.now\n        await refresh()\n",
               "        let opened = MonotonicInstant.now\n        if core.absence != nil { await refresh() }\n"),)),
    Mutation(
        "shard-gap", "nobody is told that messages may be missing when a slot of a cluster has moved",
        "Sources/Shared/Redis/Cluster/ClusterSubscriber.swift",
        "        case .confirmed: if channel.confirm() { onReturn?() }\n", "        case .confirmed: _ = channel.confirm()\n",
        ("test", "RedisTests.ClusterSubscriberTests")),
    Mutation(
        "commit-first", "events are acknowledged before they are committed", "Sources/Shared/Pipeline/Streams/EventLane.swift",
        "        let refused = found.isEmpty ? [] : try await sink.store(found)\n",
        "        let states = Dictionary(uniqueKeysWithValues: found.map { ($0.id, $0.state) })\n"
        "        try await pipeline.stored(named.map { ($0.entry, $0.orderID.description, states[$0.orderID] ?? \"\") }, reader.keys)\n"
        "        let refused = found.isEmpty ? [] : try await sink.store(found)\n",
        chaos("postgres", "kill")),
    Mutation(
        "stored", "an order counts as stored though it has gone on since it was read for Postgres", f"{LUA}/stored.lua",
        "if place ~= stored then", "if false then",
        SCHEDULES),
    Mutation(
        "last-letter", "an order is let go with one of several letters of what Postgres has refused", f"{LUA}/drop.lua",
        "order.unstored == REFUSED and order.letters == 0 then", "order.unstored == REFUSED then",
        ("test", "PipelineTests.LeavingTests")),
    Mutation(
        "usual-owner", "a usual step does not look whose the entry is", f"{LUA}/holding.lua",
        "call('XPENDING', stream, group, first, last, count, consumer)", "call('XPENDING', stream, group, first, last, count)",
        DIFFERENTIAL),
    Mutation(
        "usual-first", "a usual first step is taken for a delivery that must be counted", f"{LUA}/holding.lua",
        "return count and (not isFirst or count == 1)", "return count",
        DIFFERENTIAL),
    Mutation(
        "usual-place", "a usual step does not look whether the order is where its worker has seen it", f"{LUA}/advance_many.lua",
        "if order[1] ~= from .. middle .. name or expires and", "if not order[1] or expires and",
        DIFFERENTIAL),
    Mutation(
        "usual-begin", "a usual begin does not look how far the order is", f"{LUA}/begin_many.lua",
        "'^pending 1 1 1 %d+ ()'", "'^%a+ %d+ %d+ %d+ %d+ ()'",
        DIFFERENTIAL),
    Mutation(
        "usual-entry", "a usual step is taken for an entry that does not stand for its order", f"{LUA}/advance_many.lua",
        "order[1] ~= from .. middle .. name or", "sub(order[1] or '', 1, #from + #middle) ~= from .. middle or",
        DIFFERENTIAL),
    Mutation(
        "usual-deadline", "a usual step is taken after the deadline", f"{LUA}/advance_many.lua",
        " or expires and isOver(deadline) or not isCountable(", " or not isCountable(",
        DIFFERENTIAL),
    Mutation(
        "usual-announced", "a usual step is written though no entry can stand for its events", f"{LUA}/advance_many.lua",
        "if not isAnnounced and not add(events, 'id', id) then return '' end", "if not isAnnounced then add(events, 'id', id) end",
        DIFFERENTIAL),
    Mutation(
        "usual-known", "an order is accepted as a new one though its id or its key is known", f"{LUA}/accept_many.lua",
        " or call('EXISTS', key, record or key) > 0 then return false end", " then return false end",
        DIFFERENTIAL),
    Mutation(
        "usual-late", "an order that comes late is accepted as a usual one", f"{LUA}/accept_many.lua",
        " or isOver(limit)", "",
        DIFFERENTIAL),
    Mutation(
        "usual-paused", "a paused engine accepts usual orders", f"{LUA}/accept_many.lua",
        "if not mayWrite or isPaused or", "if not mayWrite or",
        DIFFERENTIAL),
    Mutation(
        "usual-unbegun", "a worker whose usual step was not taken goes on as if the order had begun",
        "Sources/Shared/Pipeline/OrderPipeline+Steps.swift",
        "        if !entry.known.isBegun {\n            switch", "        if false {\n            switch",
        SCHEDULES),
    Mutation(
        "uncounted", "a later delivery does not count the first start, which a usual step has not written", f"{LUA}/step.lua",
        "starts, last = claim[4] > 1 and 1 or 0, ''", "starts, last = 0, ''",
        SCHEDULES),
    Mutation(
        "idempotency", "a key that was used is not looked up", f"{LUA}/accept.lua",
        "  if record[1] then\n", "  if false then\n",
        chaos("reply")),
    Mutation(
        "cancel", "a submitted order can be cancelled", f"{LUA}/cancel.lua",
        "if each.state == 'submitted' then return { 'submitted' } end\n", "",
        chaos("kill")),
    Mutation(
        "poison", "starts are not limited", f"{LUA}/step.lua",
        "    if starts > maxStarts then\n", "    if false then\n",
        chaos("poison")),
    Mutation(
        "renewal", "a worker that claims takes everything that was ever delivered, idle or not", f"{LUA}/claim.lua",
        "ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])", "ARGV[1], ARGV[2], '0', tonumber(ARGV[4])",
        ("test", "PipelineTests.GroupTests")),
    Mutation(
        "late-accept", "an order that comes late from a silent link is taken in all the same", f"{LUA}/accept.lua",
        "if at > limit then return { 'late', integer(at) } end\n", "",
        ("test", "PipelineTests.AcceptTests")),
    Mutation(
        "paused", "a paused engine takes orders", f"{LUA}/accept.lua",
        "if pause[1] then return { 'paused', pause[2] or '' } end\n", "",
        ("test", "PipelineTests.PauseTests")),
    Mutation(
        "publish", "a message that Redis refuses ends the script, after its writes", f"{LUA}/writes.lua",
        "    local answer = redis.pcall(PUBLISH, message[1], message[2])\n",
        "    local answer = redis.call(PUBLISH, message[1], message[2])\n",
        ("test", "PipelineTests.WritesTests")),
    Mutation(
        "check-first", "a script writes without a look whether Redis will refuse a later command", f"{LUA}/writes.lua",
        "  check(added)\n  check(changed)\n", "",
        ("test", "PipelineTests.WritesTests")),
    Mutation(
        "highest-time", "the time goes back with the clock of Redis", f"{LUA}/clock.lua",
        "  if clock.own < clock.highest then\n", "  if false then\n",
        ("test", "PipelineTests.ClockTests")),
    Mutation(
        "slot", "the chain calls a transaction unknown without keeping the time of that", f"{PAPER}/Ledger/Lua/status.lua",
        "keeping(clock, isUnknown)\n", "keeping(clock)\n",
        ("test", "PipelineTests.ClockTests")),
    Mutation(
        "trust", "a chain is not asked again before the time that it has said", f"{CHAIN}/LookPolicy.swift",
        "min(max(.zero, due), longestTrust)", "max(.zero, due)",
        ("test", "VenuesTests.LookPolicyTests|VenuesTests.FollowPlanTests")),
    Mutation(
        "under-way-bound", "an executor reads on, however much it has under way", f"{WORKER}/Places.swift",
        "max(0, min(count - taken, maxUnderWay - underWay - taken))", "max(0, count - taken)",
        ("test", "PipelineTests.PlacesTests|PipelineTests.WorkerUnderWayTests")),
    Mutation(
        "under-way-renewal", "what has left its place is not renewed", f"{WORKER}/WorkerLane.swift",
        "reader.renew(inHand)", "reader.renew(held.filter { !$0.value.place.isLeft }.map(\\.key))",
        ("test", "PipelineTests.WorkerUnderWayTests")),
    Mutation(
        "send-again", "a transaction that is lost on the way is not sent again", f"{CHAIN}/FollowPlan.swift",
        "guard lastTrace + policy.resend <= now else", "guard lastTrace > now else",
        ("test", "VenuesTests.FollowPlanTests")),
    Mutation(
        "expected-wait", "orders are let in, however long they would wait for workers", f"{GATEWAY}/Admission.swift",
        "intake.refuses(beyond: maxWait)", "false",
        ("test", "ServiceTests.AdmissionTests")),
    Mutation(
        "barrier", "an order is answered before a replica has it", "Sources/Shared/Pipeline/Barrier/BarrierLine.swift",
        "guard have >= settings.count else", "guard have >= 0 else",
        ("test", "PipelineTests.ReplicaBarrierTests")),
    Mutation(
        "barrier-send", "a transaction is sent before a replica knows it", "services/executor/ExecutorService/ExecutionHandler.swift",
        "guard try await pipeline.awaitReplicas(of: entry.orderID, in: .submitted, round: entry.round) else { return }", "",
        ("test", "EndToEndTests.FailoverTests")),
    Mutation(
        "open-beside-keyed", "a process without API keys starts beside one with them", "Sources/Shared/ServiceKit/Access/AccessMode.swift",
        "AccessMode(of: $0) == .keyed", "AccessMode(of: $0) == .keyed && $0.name.isEmpty",
        ("test", "ServiceTests.AccessModeTests")),
    Mutation(
        "open-month", "a month goes with an order in it that is not final", "Sources/Shared/Storage/OrderStore+Months.swift",
        "WHERE status NOT IN ('confirmed', 'failed', 'cancelled', 'expired') ORDER BY order_id LIMIT 1", "WHERE false",
        ("test", "StorageTests.MonthTests")),
    Mutation(
        "young-month", "a month goes when its first order is old enough", "Sources/Shared/Storage/OrderPart.swift",
        "upper.map { $0 <= id.description } ?? false", "lower.map { $0 <= id.description } ?? false",
        ("test", "StorageTests.MonthTests")),
    Mutation(
        "stale-list", "lists are read from a replica, however far it is behind", "services/gateway/GatewayService/Lists/OrderLists.swift",
        "stand(behind <= replica.maxLag ? .up", "stand(behind <= .seconds(86_400) ? .up",
        ("test", "ServiceTests.ReplicaTests")),
    Mutation(
        "waits-state", "a member of a set fires its order wherever that is by now", f"{LUA}/fire.lua",
        "not STEPS.fire.from[order.state] or order.entry ~= ARMED or order.spot ~= name .. ' ' .. key", "FINAL[order.state]",
        ("test", "ModelTests.PairScheduleTests")),
    Mutation(
        "waits-stale", "a mark fires orders however old it is", f"{LUA}/fire.lua", "if age > tonumber(ARGV[5]) then", "if false then",
        ("test", "PipelineTests.FiringTests")),
    Mutation(
        "waits-sibling", "one order of a pair fires though the other one is under way", f"{LUA}/fire.lua",
        "local other = order.sibling ~= '' and read(order.sibling)", "local other = false", ("test", "PipelineTests.PairTests")),
    Mutation(
        "waits-sibling-chaos", "one order of a pair fires though the other one is under way, as clients see it", f"{LUA}/fire.lua",
        "local other = order.sibling ~= '' and read(order.sibling)", "local other = false", chaos("waits")),
    Mutation(
        "waits-attempt", "to wait again uses an attempt", f"{LUA}/step.lua", "    order.attempt = 1", "    order.attempt = order.attempt + 1",
        ("test", "PipelineTests.FiringTests")),
    Mutation(
        "waits-floor", "a limit order may fill as far below its quote as the slippage allows",
        "Sources/Shared/Markets/Routing/MinReceived.swift", "return floor.leastOut(for: quote.amountIn) ?? BaseUnits(.max)",
        "return min(floor.leastOut(for: quote.amountIn) ?? BaseUnits(.max), MinReceived.roundedUp(quote.amountOut, slippageBps: slippageBps))",
        ("test", "ServiceTests.RestingTests")),
    Mutation(
        "waits-end", "an order whose end has passed is fired until somebody sweeps it", f"{LUA}/fire_many.lua",
        "  if isOver(order[7]) then return end\n", "", ("test", "PipelineTests.WaitEndTests")),
    Mutation(
        "waits-fill", "a fill leaves the other order of its pair", f"{LUA}/orders.lua",
        "if order.state == 'confirmed' or order.state == 'cancelled' or", "if order.state == 'cancelled' or", ("test", "PipelineTests.PairTests")),
    Mutation(
        "waits-usual", "a usual step fills an order and does not look at its pair", f"{LUA}/advance_many.lua",
        "if order[6] or order[7] then return '' end", "", ("test", "PipelineTests.PairTests")),
    Mutation(
        "waits-spike", "one mark fires a stop", "Sources/Shared/Marks/Ticker.swift",
        "guard set.kind.isConfirmed else { return set.key(of: mark.price) }", "guard false else { return set.key(of: mark.price) }",
        ("test", "ServiceTests.TickerTests")),
    Mutation(
        "waits-then", "a fill places nothing that was to follow it", f"{EXECUTOR}/ExecutionHandler.swift",
        ".placing(following(filled, of: work.order))", "", ("test", "ServiceTests.RestingTests")),
    Mutation(
        "waits-part", "an order of which a part was filled is confirmed", f"{EXECUTOR}/ExecutionHandler.swift",
        "settlement.route.openAmount(of: work.order).value > 0", "false", ("test", "ServiceTests.RestingTests")),
    Mutation(
        "waits-whole", "what is not swapped is worth nothing to its owner, so that nothing is left unsold",
        "Sources/Shared/Markets/Routing/ShareTaker.swift", "limit.leastOut(for: BaseUnits(amountIn)).map { UInt128($0.value) }",
        "limit.leastOut(for: BaseUnits(amountIn)).map { _ in 0 }", ("test", "MarketsTests.PartialPlanTests")),
    Mutation(
        "waits-reached", "an order is placed whose price is reached already", f"{GATEWAY}/Waits/TriggerCheck.swift",
        "if !allowsImmediate, trigger.isReached(by: mark) {", "if !allowsImmediate, trigger.isReached(by: mark), false {",
        ("test", "EndToEndTests.WaitingTests")),
    Mutation(
        "waits-cancel", "to cancel a held order leaves the other order of its pair under way", f"{LUA}/cancel.lua",
        "if other then cancel(other) else settlePair(order, at) end", "if not other then settlePair(order, at) end",
        ("test", "PipelineTests.PairTests")),
    Mutation(
        "waits-pages", "pairs that are due keep what is behind them from firing", "Sources/Shared/Marks/Firing.swift",
        "guard left > 0 else { return }", "guard left > 0, left < Self.maxLeft else { return }", ("test", "ServiceTests.TickerTests")),
    Mutation(
        "waits-seen", "an order is amended though it has changed since it was read", f"{LUA}/amend.lua",
        "if order.seq ~= tonumber(ARGV[2]) or order.spot ~= ARGV[3] then", "if false then", ("test", "PipelineTests.FiringTests")),
)
