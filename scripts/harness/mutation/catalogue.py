"""The mutations: what each takes away, where, and which check has to notice."""

from dataclasses import dataclass

LUA = "Sources/Shared/Pipeline/Scripts/Lua"
EXECUTOR = "services/executor/ExecutorService"
PAPER = "Sources/Shared/PaperMarket"


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


MUTATIONS = (
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
        ("test", "ModelTests|ScheduleTests")),
    Mutation(
        "seen", "who gives an attempt up need not have seen where the order is", f"{LUA}/step.lua",
        "if seen ~= '' and seen ~= order.state then return { 'conflict' } end\n", "",
        ("test", "ModelTests|ScheduleTests")),
    Mutation(
        "promote", "a due retry is handed back though the order has gone on under another entry", f"{LUA}/promote.lua",
        "if not order or order.entry ~= RETRIES .. ' ' .. member then return end", "if not order then return end",
        ("test", "ModelTests|ScheduleTests")),
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
        "order.amountIn.value - min(order.amountIn.value, BaseUnits(sum: landed.map(\\.quote.amountIn)).value)", "order.amountIn.value",
        ("test", "OrdersTests.ChosenRouteTests|ServiceTests.SplitDeskTests")),
    Mutation(
        "part-cancel", "an order of which a part has landed can be cancelled", f"{LUA}/cancel.lua",
        "if order.filled ~= '' then return { 'filled' } end\n", "",
        ("test", "ServiceTests.ExecutionHandlerTests")),
    Mutation(
        "expiry", "a transaction counts as expired when it has not landed after a moment", f"{PAPER}/MockChain.swift",
        "                case .sent: lastSend = .now\n",
        "                case .sent: if settings.mock.swapLatencyMilliseconds.lowerBound < 200 { return .expired }\n",
        chaos("kill")),
    Mutation(
        "subscribe-first", "a feed reads the order before it has subscribed, and not again",
        "services/notifier/NotifierService/Feeds/Feed.swift",
        "    func open() async {\n", "    func open() async {\n        await refresh()\n",
        ("test", "ServiceTests.OrderFeedTests"),
        also=(("        let opened = MonotonicInstant.now\n        await refresh()\n",
               "        let opened = MonotonicInstant.now\n        if core.absence != nil { await refresh() }\n"),)),
    Mutation(
        "commit-first", "events are acknowledged before they are committed", "Sources/Shared/Pipeline/Streams/EventLane.swift",
        "        let refused = readable.isEmpty ? [] : try await sink.store(readable)\n",
        "        try await pipeline.stored(readable.map { ($0.entry, $0.orderID.description, $0.seq) }, reader.keys)\n"
        "        let refused = readable.isEmpty ? [] : try await sink.store(readable)\n",
        chaos("postgres", "kill")),
    Mutation(
        "idempotency", "a key that was used is not looked up", f"{LUA}/accept.lua",
        "  if record[1] then\n", "  if false then\n",
        chaos("reply")),
    Mutation(
        "cancel", "a submitted order can be cancelled", f"{LUA}/cancel.lua",
        "if order.state == 'submitted' then return { 'submitted' } end\n", "",
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
        "    local answer = redis.pcall('PUBLISH', message[1], message[2])\n",
        "    local answer = redis.call('PUBLISH', message[1], message[2])\n",
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
        "keepTime(clock, isUnknown)\n", "keepTime(clock)\n",
        ("test", "PipelineTests.ClockTests")),
)
