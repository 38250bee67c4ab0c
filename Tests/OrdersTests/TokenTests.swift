import Orders
import Testing

@Suite struct TokenTests {
    @Test(
        "Base58 gives the known texts and reads them back",
        arguments: [
            (Array("Hello World!".utf8), "2NEpo7TZRRrLZSi2U"), ([], ""), ([0], "1"), ([0, 0, 1], "112"), ([57], "z"), ([58], "21"),
            (Array(repeating: 0, count: 64), String(repeating: "1", count: 64)),
        ] as [([UInt8], String)])
    func base58(bytes: [UInt8], text: String) {
        #expect(Base58.encode(bytes) == text)
        #expect(Base58.decode(text) == bytes)
    }

    @Test func base58ReadsBackRandomBytesAndRefusesOtherLetters() {
        var random = SeededGenerator(seed: 3)
        for _ in 0..<200 {
            let bytes = (0..<Int.random(in: 0...70, using: &random)).map { _ in UInt8.random(in: 0...3, using: &random) &* 85 }
            #expect(Base58.decode(Base58.encode(bytes)) == bytes)
        }
        for text in ["0", "O", "I", "l", "a b", "é", "+"] { #expect(Base58.decode(text) == nil) }
    }

    @Test func aMintIsBase58Of32Bytes() {
        #expect(Token.isMint(Samples.solMint) && Token.isMint(Samples.usdcMint))
        #expect(Token.isMint(String(repeating: "1", count: 32)))
        for text in ["", "SOL", String(repeating: "1", count: 33), String(repeating: "z", count: 44), Samples.solMint + "1"] {
            #expect(!Token.isMint(text))
        }
    }

    @Test(
        "A token is found by symbol in any case and by mint",
        arguments: [
            ("SOL", "SOL"), ("sol", "SOL"), ("wSol", "SOL"), ("USDC", "USDC"), (Samples.solMint, "SOL"), (Samples.usdcMint, "USDC"), ("", nil),
            ("SO", nil), ("\u{17F}ol", nil), (Samples.usdcMint.lowercased(), nil), (String(repeating: "1", count: 32), nil),
        ])
    func lookup(text: String, symbol: String?) throws {
        #expect(try Samples.tokens().lookup(text)?.symbol == symbol)
    }

    @Test("A letter that only looks like one of ASCII is none of a symbol or a mint")
    func kelvin() throws {
        let mint = "DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263"
        let list =
            #"[{"symbol":"BONK","name":"Bonk","mint":"\#(mint)","decimals":5},"#
            + #"{"symbol":"K","name":"K","mint":"HZ1JovNiVvGrGNiiYvEozEVgZ58xaU3RKwX8eACQBCtK","decimals":6}]"#
        let tokens = try TokenList(bytes: Array(list.utf8))
        #expect(tokens.lookup("bonk")?.symbol == "BONK" && tokens.lookup("K")?.symbol == "K")
        for text in ["BON\u{212A}", "\u{212A}", "HZ1JovNiVvGrGNiiYvEozEVgZ58xaU3RKwX8eACQBCt\u{212A}"] { #expect(tokens.lookup(text) == nil) }
    }

    @Test func everyMistakeOfATokenListIsNamedWithItsPlace() {
        let text = """
            [{"symbol":"SOL","name":"Solana","mint":"\(Samples.solMint)","decimals":9},
             {"symbol":"sol","name":"Again","mint":"\(Samples.solMint)","decimals":9},
             {"symbol":"A B","name":"","mint":"short","decimals":19}, 7, {"symbol":"WSOL","name":"W","mint":"\(Samples.usdcMint)","decimals":9.0}]
            """
        let error = #expect(throws: TokenListError.self) { try TokenList(bytes: Array(text.utf8)) }
        #expect(
            error?.problems == [
                "tokens[1].symbol: sol is listed twice", "tokens[1].mint: \(Samples.solMint) is listed twice",
                "tokens[2].symbol: must be 1 to 31 visible ASCII characters", "tokens[2].name: must be a text",
                "tokens[2].mint: must be base58 of 32 bytes", "tokens[2].decimals: must be an integer from 0 to 18", "tokens[3]: must be an object",
                "tokens[4].decimals: must be an integer from 0 to 18",
            ])
        for text in ["", "{}", "[]", "[1,]"] { #expect(throws: TokenListError.self) { try TokenList(bytes: Array(text.utf8)) } }
    }
}
