import Configuration
import Glibc
import JSON
import Observability
import Orders
import TestSupport
import Testing

@testable import ServiceKit

@Suite struct ConfigurationFileTests {
    private func refusal(_ body: () throws -> Void) -> StartError? {
        do {
            try body()
            return nil
        } catch {
            return error as? StartError
        }
    }

    private func withFile(_ text: String, _ body: (String) throws -> Void) throws {
        let directory = try temporaryDirectory("config")
        let path = directory + "/file.json"
        let file = try #require(fopen(path, "w"))
        fputs(text, file)
        fclose(file)
        defer {
            unlink(path)
            rmdir(directory)
        }
        try body(path)
    }

    @Test func `a file is read whole, also one longer than a read`() throws {
        let text = String(repeating: "0123456789", count: 20_000)
        try withFile(text) { path in
            let bytes = try ConfigurationFile.read(path, setting: "X")
            #expect(bytes == Array(text.utf8))
        }
    }

    @Test(arguments: [("/nowhere/tokens.json", "No such file or directory"), ("/tmp", "Is a directory")])
    func `a file that cannot be read is refused with setting, path and reason`(_ path: String, _ reason: String) throws {
        let error = try #require(refusal { _ = try ConfigurationFile.read(path, setting: "TOKENS_FILE") })
        #expect(error.description.hasPrefix("TOKENS_FILE: cannot ") && error.description.contains(path) && error.description.contains(reason))
        #expect(error.exitCode == ServiceExitCode.configuration)
    }

    @Test func `something endless is refused rather than read`() throws {
        let error = try #require(refusal { _ = try ConfigurationFile.read("/dev/zero", setting: "POOLS_FILE") })
        #expect(error.description == "POOLS_FILE: /dev/zero is larger than 16 MiB")
    }

    @Test func `what is left out of a token list is told in one line, with its count and the first ten`() throws {
        let good = #"{"symbol":"SOL","mint":"So11111111111111111111111111111111111111112","decimals":9}"#
        let usdc = #"{"symbol":"USDC","address":"EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v","decimals":6}"#
        let doubtful = (0..<3000).map { #"{"symbol":"🐶\#($0)","mint":"short","decimals":6}"# }.joined(separator: ",")
        let pool = #"{"dex":"raydium","kind":"cpmm","pool":"p","base":"SOL","quote":"USDC","baseReserve":"1","quoteReserve":"1","feePpm":1}"#
        try withFile(#"{"tokens":[\#(good),\#(usdc),\#(doubtful)]}"#) { tokens in
            try withFile("[\(pool)]") { pools in
                let variables = ["TOKENS_FILE": tokens, "POOLS_FILE": pools]
                let files = try load(RouterSettings.self, redis: "redis://127.0.0.1:1", variables).files
                let lines = LineSink()
                let log = Logger(service: "router", instance: "test", level: .info, format: .json, sink: lines)
                let list = try MarketFiles.load(files, log: log).tokens
                #expect(list.tokens.count == 2 && lines.texts.count == 1)
                let line = try JSONValue.parse(try #require(lines.texts.first))
                #expect(line["event"]?.string == "tokens.left_out" && line["taken"]?.integer == 2 && line["left_out"]?.integer == 3000)
                let reason = try #require(line["reason"]?.string)
                #expect(reason.hasPrefix("tokens[2].symbol: must be") && reason.hasSuffix("; and 5990 more"))
            }
        }
    }

    @Test func `a mistake in a list is refused with the file's setting, its path and the place of the mistake`() throws {
        let tokens = #"[{"symbol":"SOL","name":"Solana","mint":"So11111111111111111111111111111111111111112","decimals":9}]"#
        try withFile(tokens) { good in
            try withFile(#"[{"symbol":"SOL"}]"#) { bad in
                let files = { (tokens: String, pools: String) throws -> MarketFiles in
                    try load(RouterSettings.self, redis: "redis://127.0.0.1:1", ["TOKENS_FILE": tokens, "POOLS_FILE": pools]).files
                }
                let inTokens = try #require(refusal { _ = try MarketFiles.load(try files(bad, good)) })
                #expect(inTokens.description.hasPrefix("TOKENS_FILE \(bad): ") && inTokens.description.contains("tokens[0].mint"))
                let inPools = try #require(refusal { _ = try MarketFiles.load(try files(good, bad)) })
                #expect(inPools.description.hasPrefix("POOLS_FILE \(bad): ") && inPools.description.contains("pools[0]"))
            }
        }
    }
}
