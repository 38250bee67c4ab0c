internal import EventLoop
internal import JSON

/// `orderctl submit`: places an order.
struct Submit: Command {
    static let manual = Manual(
        ["submit"], synopsis: "[options] TOKEN_IN TOKEN_OUT AMOUNT",
        summary: "place an order",
        details: """
            Tokens by symbol or mint, the amount in whole tokens of TOKEN_IN. The order is
            sent under an idempotency key, so an answer that got lost is asked for again
            and never makes a second order; with a KEY of your own you can repeat the
            whole command. With --watch it stays until the order has ended, and the exit
            code is 2 where that is not as confirmed.

            Without a price the order is a market order. With one it waits until the mark
            reaches it: the price at which a small amount could be swapped. A limit is also
            the floor of the fill. docs/orders.md explains each type.
            """,
        options: [
            Manual.Option(name: "--watch", meaning: "follow the order to its end"),
            Manual.Option(name: "--slippage-bps N", meaning: "what the price may move, in basis points (1 to 5000; 100)"),
            Manual.Option(name: "--user ID", meaning: "whose order it is"),
            Manual.Option(name: "--key KEY", meaning: "the idempotency key: the same key and order are the same order"),
            Manual.Option(name: "--deadline SECONDS", meaning: "fail a market order that is not submitted by then (1 to 86400)"),
        ] + PriceOptions.manual,
        examples: [
            ("orderctl submit SOL USDC 1.5", "sell 1.5 SOL for USDC"),
            ("orderctl submit --watch --slippage-bps 50 --user anna SOL USDC 1.5", "at most 0.5 % worse, for anna, and stay to see it"),
            ("orderctl submit --limit 180 --expires 7d SOL USDC 1.5", "at 180 USDC for one SOL or better, within a week"),
            ("orderctl submit --stop 150 --limit 148 SOL USDC 1.5", "once SOL is at 150, but never below 148"),
            ("orderctl submit --trail 2% SOL USDC 1.5", "once SOL has fallen by 2 % from its best price"),
            ("ORDER=$(orderctl submit --json SOL USDC 1.5 | jq -r .orderId)", "for a script"),
        ])

    private let watches: Bool
    private let key: String?
    private let body: String

    init(_ arguments: inout Arguments) throws(Failure) {
        watches = arguments.takeFlag("--watch")
        let slippageBps = try arguments.takeNumber("--slippage-bps", in: 1...5000)
        let user = try arguments.takeValue("--user")
        key = try arguments.takeKey()
        let deadline = try arguments.takeNumber("--deadline", in: 1...86_400)
        let prices = try PriceOptions(&arguments)
        let operands = try arguments.takeOperands()
        guard operands.count == 3 else { throw Failure(.usage, "Give two tokens and an amount, as in orderctl submit SOL USDC 1.5") }
        body = JSONWriter.object {
            $0.field("tokenIn", operands[0])
            $0.field("tokenOut", operands[1])
            $0.field("amount", operands[2])
            $0.field("slippageBps", ifPresent: slippageBps)
            $0.field("userId", ifPresent: user)
            $0.field("deadline", ifPresent: deadline)
            prices.write(to: &$0)
        }
    }

    @ServiceActor func run(_ session: Session) async throws(Failure) -> ExitCode {
        let answer = try await place(session)
        guard let id = answer["orderId"]?.string else {
            throw Failure(.refused, "\(session.engine.url) answered without an orderId; is that the engine?")
        }
        if session.wantsJSON {
            session.console.print(answer.serialized)
        } else {
            session.console.print("Order \(session.console.paint(Terminal.safe(id), .green)) is in.")
            if let summary = answer["summary"]?.string { session.console.print(Terminal.safe(summary) + ".") }
            session.remark(answer)
            if !watches { session.console.print("Follow it with: orderctl watch \(Terminal.safe(id))") }
        }
        return watches ? try await OrderWatch(session).follow(id) : .ok
    }

    private func place(_ session: Session) async throws(Failure) -> JSONValue {
        try await session.engine.place("/api/orders/execute", body, key: key)
    }
}

extension Engine {
    /// Places what `json` says. If the answer is lost, the same is sent again under the same key.
    ///
    /// - Parameter key: the idempotency key; nil for a new one.
    func place(_ path: String, _ json: String, key: String?) async throws(Failure) -> JSONValue {
        let key = key ?? "orderctl-" + String(UInt64.random(in: .min ... .max), radix: 36)
        let advice = "to find out, repeat the command with --key \(key): the same key is the same order"
        return try await repeating(orElse: advice) { () async throws(Failure) in
            try await self.post(path, json: json, headers: [("Idempotency-Key", key)])
        }
    }
}

extension Session {
    /// Shows what the engine remarks about an order, for example a slippage limit that is far above the usual.
    func remark(_ answer: JSONValue) {
        for warning in (answer["warnings"]?.array ?? []).compactMap({ $0["message"]?.string }) {
            console.complain("orderctl: the engine remarks: \(Terminal.safe(warning))")
        }
    }
}

extension Arguments {
    /// Takes an idempotency key.
    mutating func takeKey() throws(Failure) -> String? {
        let key = try takeValue("--key")
        guard key?.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) ?? true else {
            throw Failure(.usage, "--key has to be of visible ASCII characters, without spaces")
        }
        return key
    }
}
