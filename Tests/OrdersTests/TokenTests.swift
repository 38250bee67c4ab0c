import Orders
import TestSupport
import Testing

@Suite struct TokenTests {
    @Test(
        arguments: [
            (Array("Hello World!".utf8), "2NEpo7TZRRrLZSi2U"), ([], ""), ([0], "1"), ([0, 0, 1], "112"), ([57], "z"), ([58], "21"),
            (Array(repeating: 0, count: 64), String(repeating: "1", count: 64)),
        ] as [([UInt8], String)])
    func `Base58 gives the known texts and reads them back`(bytes: [UInt8], text: String) {
        #expect(Base58.encode(bytes) == text)
        #expect(Base58.decode(text) == bytes)
    }

    @Test func `base58 reads back random bytes and refuses other letters`() {
        var random = SeededGenerator(seed: 3)
        for _ in 0..<200 {
            let bytes = (0..<Int.random(in: 0...200, using: &random)).map { _ in UInt8.random(in: 0...3, using: &random) &* 85 }
            #expect(Base58.decode(Base58.encode(bytes)) == bytes)
        }
        for text in ["0", "O", "I", "l", "a b", "é", "+"] { #expect(Base58.decode(text) == nil) }
    }

    @Test func `a mint is base58 of 32 bytes`() {
        #expect(Token.isMint(Samples.solMint) && Token.isMint(Samples.usdcMint))
        #expect(Token.isMint(String(repeating: "1", count: 32)))
        for text in ["", "SOL", String(repeating: "1", count: 33), String(repeating: "z", count: 44), Samples.solMint + "1"] {
            #expect(!Token.isMint(text))
        }
    }

    @Test(
        arguments: [
            ("SOL", "SOL"), ("sol", "SOL"), ("wSol", "SOL"), ("USDC", "USDC"), (Samples.solMint, "SOL"), (Samples.usdcMint, "USDC"), ("", nil),
            ("SO", nil), ("\u{17F}ol", nil), (Samples.usdcMint.lowercased(), nil), (String(repeating: "1", count: 32), "SOL"),
            ("So" + String(repeating: "1", count: 41), "SOL"), ("So" + String(repeating: "1", count: 40), "SOL"),
            (String(repeating: "1", count: 33), nil), ("USD\u{FF23}", nil),
        ])
    func `A token is found by symbol in any case and by mint`(text: String, symbol: String?) throws {
        #expect(try Samples.tokens().lookup(text)?.symbol == symbol)
    }

    @Test func `A letter that only looks like one of ASCII is none of a symbol or a mint`() throws {
        let mint = "DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263"
        let list =
            #"[{"symbol":"BONK","name":"Bonk","mint":"\#(mint)","decimals":5},"#
            + #"{"symbol":"K","name":"K","mint":"HZ1JovNiVvGrGNiiYvEozEVgZ58xaU3RKwX8eACQBCtK","decimals":6}]"#
        let tokens = try TokenList(bytes: Array(list.utf8))
        #expect(tokens.lookup("bonk")?.symbol == "BONK" && tokens.lookup("K")?.symbol == "K")
        for text in ["BON\u{212A}", "\u{212A}", "HZ1JovNiVvGrGNiiYvEozEVgZ58xaU3RKwX8eACQBCt\u{212A}"] { #expect(tokens.lookup(text) == nil) }
    }

    @Test func `what cannot be used of a token list is left out with its place, the rest is taken`() throws {
        let text = """
            [{"symbol":"SOL","name":"Solana","mint":"\(Samples.solMint)","decimals":9},
             {"symbol":"sol","name":"Again","mint":"\(Samples.solMint)","decimals":9},
             {"symbol":"A B","name":"","mint":"short","decimals":19}, 7, {"symbol":"USDC","name":"W","mint":"\(Samples.usdcMint)","decimals":6},
             {"symbol":"USDX","name":"W","mint":"\(Samples.usdcMint)","decimals":6}, {"symbol":"🐶","mint":"\(Samples.mint(1))","decimals":5},
             {"symbol":"TRUMP","mint":"\(Samples.mint(2))","decimals":6}, {"symbol":"Trump","mint":"\(Samples.mint(3))","decimals":6},
             {"symbol":"WSOL","mint":"\(Samples.mint(4))","decimals":9}, {"symbol":"","mint":"\(Samples.mint(5))","decimals":9}]
            """
        let list = try TokenList(bytes: Array(text.utf8))
        #expect(list.tokens.map(\.symbol) == ["SOL", "USDC", "TRUMP"] && list.lookup("trump")?.mint == Samples.mint(2))
        #expect(
            list.leftOut == [
                "tokens[1].symbol: sol is listed twice, first as tokens[0]", "tokens[2].symbol: must be 1 to 31 visible ASCII characters",
                "tokens[2].mint: must be base58 of 32 bytes", "tokens[2].decimals: must be an integer from 0 to 18", "tokens[3]: must be an object",
                "tokens[5].mint: \(Samples.usdcMint) is listed twice, first as tokens[4]",
                "tokens[6].symbol: must be 1 to 31 visible ASCII characters", "tokens[8].symbol: Trump is listed twice, first as tokens[7]",
                "tokens[9].symbol: SOL is \(Samples.solMint) alone", "tokens[10].symbol: must be 1 to 31 visible ASCII characters",
            ])
    }

    @Test(arguments: [
        #"[{"symbol":"USDC","name":"USD Coin","address":"\#(Samples.usdcMint)","decimals":6,"logoURI":"x","tags":[]}]"#,
        #"[{"id":"\#(Samples.usdcMint)","symbol":"USDC","name":"USD Coin","decimals":6}]"#,
        #"{"name":"A list","tokens":[{"mint":"\#(Samples.usdcMint)","symbol":"USDC","name":"USD Coin","decimals":6}]}"#,
        "\u{FEFF}" + #"[{"mint":"\#(Samples.usdcMint)","symbol":"USDC","name":"USD Coin","decimals":6}]"#,
    ])
    func `lists are taken as wallets and exchanges publish them`(_ text: String) throws {
        let list = try TokenList(bytes: Array(text.utf8))
        #expect(list.tokens == [Token(symbol: "USDC", name: "USD Coin", mint: Samples.usdcMint, decimals: 6)] && list.leftOut.isEmpty)
    }

    @Test func `native SOL in a list is SOL`() throws {
        let text = #"[{"address":"So\#(String(repeating: "1", count: 41))","symbol":"SOL","decimals":9}]"#
        let list = try TokenList(bytes: Array(text.utf8))
        #expect(list.lookup("wsol") == Token(symbol: "SOL", name: "SOL", mint: Samples.solMint, decimals: 9))
    }

    @Test func `a list without any token is refused with at most ten mistakes`() throws {
        let entries = (0..<3000).map { #"{"symbol":"T\#($0)","decimals":6}"# }.joined(separator: ",")
        let error = try #require(throws: TokenListError.self) { try TokenList(bytes: Array("[\(entries)]".utf8)) }
        #expect(error.description.hasPrefix("tokens[0].mint: must be base58 of 32 bytes; tokens[1].mint: "))
        #expect(error.description.hasSuffix("; tokens[9].mint: must be base58 of 32 bytes; and 2990 more"))
        for text in ["", "{}", "[]", "[1,]", #"{"tokens":[]}"#] { #expect(throws: TokenListError.self) { try TokenList(bytes: Array(text.utf8)) } }
    }

    @Test func `whatever the decimals of a token are, it is taken or left out`() throws {
        for value in ["-1", "19", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "1e400", "0.5", "null", "\"6\""] {
            let text =
                #"[{"symbol":"A","mint":"\#(Samples.usdcMint)","decimals":\#(value)},{"symbol":"B","mint":"\#(Samples.mint(1))","decimals":18}]"#
            #expect(try TokenList(bytes: Array(text.utf8)).tokens.map(\.symbol) == ["B"])
        }
    }
}
