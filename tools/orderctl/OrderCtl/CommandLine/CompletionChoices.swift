/// The words that may come next on a command line, as functions for the shells.
struct CompletionChoices {
    /// The words so far, most specific first, each with the words that may follow.
    private let cases: [(words: String, next: [String])]

    init(_ manuals: [Manual]) {
        let common = Self.names(Manual.commonOptions)
        var cases: [(words: String, next: [String])] = manuals.map { manual in
            (manual.name, Self.names(manual.options) + common + (manual.name == "completion" ? ["bash", "zsh"] : []))
        }
        var families: [String] = []
        for manual in manuals where manual.words.count > 1 && !families.contains(manual.words[0]) { families.append(manual.words[0]) }
        for family in families { cases.append((family, manuals.filter { $0.words.first == family }.map { $0.words[1] } + ["--help"])) }
        var first: [String] = []
        for manual in manuals where !first.contains(manual.words[0]) { first.append(manual.words[0]) }
        cases.append(("", first + ["help", "--help", "--version"]))
        self.cases = cases
    }

    /// The names of options without their values: `--help, -h` gives two words, `--limit N` gives one.
    private static func names(_ options: [Manual.Option]) -> [String] {
        options.flatMap { $0.name.split(separator: ",").map { part in String(part.drop { $0 == " " }.prefix { $0 != " " }) } }
    }

    private var branches: String {
        cases.map { "        \"\($0.words.isEmpty ? "" : " " + $0.words) \"*) choices=\"\($0.next.joined(separator: " "))\" ;;" }.joined(
            separator: "\n")
    }

    var bash: String {
        """
        _orderctl() {
            local choices
            case " ${COMP_WORDS[*]:1:COMP_CWORD-1} " in
        \(branches)
            esac
            mapfile -t COMPREPLY < <(compgen -W "$choices" -- "${COMP_WORDS[COMP_CWORD]}")
        }
        complete -F _orderctl orderctl
        """
    }

    var zsh: String {
        """
        #compdef orderctl
        _orderctl() {
            local choices
            case " ${(j: :)words[2,CURRENT-1]} " in
        \(branches)
            esac
            compadd -- ${=choices}
        }
        compdef _orderctl orderctl
        """
    }
}
