internal import EventLoop
internal import JSON

/// `orderctl quote`: shows what routing would decide now, or what the real venues offer.
struct QuoteSwap: Command {
    static let manual = Manual(
        ["quote"], synopsis: "[--live] [--slippage-bps N] TOKEN_IN TOKEN_OUT AMOUNT",
        summary: "show what each venue would pay for an amount",
        details: """
            Tokens by symbol or mint, the amount in whole tokens. Asks the engine what
            routing would decide now, also how it would split the amount; nothing is
            submitted. With --live it asks the APIs of Raydium and Meteora (through
            Jupiter) from this machine instead, and needs no engine: RAYDIUM_API_URL,
            JUPITER_API_URL and JUPITER_API_KEY say where they are, TOKENS_FILE
            (config/tokens.json) which tokens there are. Exit code 1 when no venue has a
            quote.
            """,
        options: [
            Manual.Option(name: "--live", meaning: "ask the real venues, not the engine"),
            Manual.Option(name: "--slippage-bps N", meaning: "what the price may move, in basis points (1 to 5000; 100)"),
        ],
        examples: [
            ("orderctl quote SOL USDC 1.5", "what the engine would do with 1.5 SOL"),
            ("orderctl quote --live SOL USDC 1", "whether the real venues answer, and what"),
        ])

    private static let usualSlippage = 100

    private let isLive: Bool
    private let slippageBps: Int
    private let tokens: (from: String, to: String)
    private let amount: String

    init(_ arguments: inout Arguments) throws(Failure) {
        isLive = arguments.takeFlag("--live")
        slippageBps = try arguments.takeNumber("--slippage-bps", in: 1...5000) ?? Self.usualSlippage
        let operands = try arguments.takeOperands()
        guard operands.count == 3 else { throw Failure(.usage, "Give two tokens and an amount, as in orderctl quote SOL USDC 1.5") }
        tokens = (operands[0], operands[1])
        amount = operands[2]
    }

    @ServiceActor func run(_ session: Session) async throws(Failure) -> ExitCode {
        let answer = try await isLive ? live(session) : ask(session.engine)
        // If no venue can fill the amount, there may still be a split of it.
        guard let quotes = answer["quotes"]?.array, !quotes.isEmpty || answer["split"] != nil else {
            throw Failure(.refused, "\(session.engine.url) answered without quotes; is that the engine?")
        }
        if session.wantsJSON {
            session.console.print(answer.serialized)
        } else {
            show(answer, quotes, on: session.console)
        }
        return .ok
    }

    private func ask(_ engine: Engine) async throws(Failure) -> JSONValue {
        try await engine.get(
            "/api/quotes",
            query: [("tokenIn", tokens.from), ("tokenOut", tokens.to), ("amount", amount), ("slippageBps", String(slippageBps))])
    }

    @ServiceActor private func live(_ session: Session) async throws(Failure) -> JSONValue {
        let desk = try LiveDesk(environment: session.environment)
        return try await desk.quotes(from: tokens.from, to: tokens.to, amount: amount, slippageBps: slippageBps)
    }

    @ServiceActor private func show(_ answer: JSONValue, _ quotes: [JSONValue], on console: Console) {
        let names = [answer["tokenIn"], answer["tokenOut"]].map { Terminal.safe($0?.string ?? "?") }
        var table = Table("VENUE", "\(names[1]) OUT", "PRICE", "FEE BPS", "IMPACT %", "AT LEAST", "POOL")
        for quote in quotes {
            let cells = ["dex", "amountOutDecimal", "price", "feeBps", "priceImpactPct", "minReceivedDecimal", "pool"].map { Self.text(quote[$0]) }
            table.add(cells[0], cells[1], cells[2], cells[3], cells[4], cells[5], cells[6])
        }
        let isSplit = answer["split"]?["chosen"]?.bool == true
        if !quotes.isEmpty {
            // On a narrow terminal these columns are left out first: pool and price.
            for (index, line) in table.lines(within: console.width, leavingOut: [6, 2]).enumerated() {
                console.print(index == 1 && !isSplit ? console.paint(line, .green) : line)
            }
        }
        for venue in answer["unavailable"]?.array ?? [] {
            let reason = Terminal.cut(venue["message"]?.string ?? "?", to: 300)
            console.print(console.paint("no quote: \(reason) (\(Self.text(venue["dex"])), \(Self.text(venue["code"])))", .yellow))
        }
        if let split = answer["split"] { show(split, isChosen: isSplit, names, on: console) }
        console.print("\(Terminal.safe(amount)) \(names[0]) to \(names[1]): \(Terminal.cut(answer["reason"]?.string ?? "?", to: 200)).")
    }

    @ServiceActor private func show(_ split: JSONValue, isChosen: Bool, _ names: [String], on console: Console) {
        let lines = LegTable.lines(split: split, of: amount, tokens: names, width: console.width)
        for (index, line) in lines.enumerated() { console.print(index > 0 && isChosen ? console.paint(line, .green) : line) }
        if let minReceived = split["minReceivedDecimal"]?.string {
            let terms = "fee \(Self.text(split["feeBps"])) bps, impact \(Self.text(split["priceImpactPct"])) %"
            console.print("Together: \(Self.text(split["amountOutDecimal"])) \(names[1]), at least \(Terminal.cut(minReceived, to: 64)), \(terms).")
        }
        guard !isChosen else { return }
        let gain = split["gainBps"]?.integer ?? 0
        console.print(
            "Not split: the legs together pay \(Self.text(split["amountOutDecimal"])), \(gain < 0 ? "" : "+")\(gain) bps, which is not enough.")
    }

    private static func text(_ value: JSONValue?) -> String { Terminal.cut(value?.string ?? value?.number ?? "?", to: 64) }
}
