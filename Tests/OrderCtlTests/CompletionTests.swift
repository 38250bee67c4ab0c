import EventLoop
import JSON
import TestSupport
import Testing

@testable import OrderCtl

@Suite(.onLoop) @ServiceActor
struct CompletionTests {
    /// What bash offers after a line whose last word is being typed.
    private func offers(_ words: String...) async throws -> Set<String> {
        let script = await ToolRun.of(["completion", "bash"]).output
        let line = words.map { "'\($0)'" }.joined(separator: " ")
        let call = script + "COMP_WORDS=(orderctl \(line)); COMP_CWORD=\(words.count); _orderctl; printf '%s\\n' \"${COMPREPLY[@]}\""
        let (code, output) = try await ChildProcess.run(["bash", "-euc", call])
        #expect(code == 0, "\(output)")
        return Set(output.split(separator: "\n").map { String($0) })
    }

    @Test func `bash completes commands, those of a family, and a command's options`() async throws {
        let all = try await offers("")
        #expect(all.isSuperset(of: Set(OrderCtl.commands.map { $0.manual.words[0] })) && all.contains("--version"))
        #expect(try await offers("re") == ["replay", "resume", "reconcile"])
        #expect(try await offers("dead", "") == ["list", "retry", "drop", "--help"])
        #expect(try await offers("keys", "") == ["new", "list", "revoke", "--help"])
        #expect(try await offers("keys", "new", "--s") == ["--scopes", "--sockets"])
        #expect(try await offers("dead", "list", "--r") == ["--reason"])
        #expect(
            try await offers("submit", "SOL", "--") == [
                "--watch", "--slippage-bps", "--user", "--key", "--deadline", "--limit", "--stop", "--take-profit", "--trail", "--sniper",
                "--price-of", "--tif", "--expires", "--immediate", "--url", "--key-file", "--json", "--help",
            ])
        #expect(try await offers("amend", "ID", "--t") == ["--trigger", "--trail"])
        #expect(try await offers("list", "--o") == ["--open"])
        #expect(try await offers("completion", "z") == ["zsh"])
    }

    @Test func `zsh has the same choices, and no other shell has any`() async {
        let (bash, zsh) = (await ToolRun.of(["completion", "bash"]).output, await ToolRun.of(["completion", "zsh"]).output)
        let choices = { (script: String) in script.split(separator: "\n").filter { $0.contains("choices=") } }
        #expect(choices(zsh) == choices(bash) && choices(zsh).count > 16 && zsh.hasPrefix("#compdef orderctl\n"))
        let fish = await ToolRun.of(["completion", "fish"])
        #expect(fish.status == .usage && fish.errors.contains("For which shell?"))
    }

    @Test(arguments: ["bash", "zsh"])
    func `with json the script is a field beside its shell`(_ shell: String) async throws {
        let (json, plain) = (await ToolRun.of(["completion", shell, "--json"]), await ToolRun.of(["completion", shell]))
        let value = try JSONValue.parse(json.output)
        #expect(value["shell"]?.string == shell && value["script"]?.string.map { $0 + "\n" } == plain.output && value.object?.count == 2)
    }
}
