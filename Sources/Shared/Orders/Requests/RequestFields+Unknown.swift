import JSON

extension RequestFields {
    /// How many unknown keys are named one by one; the others are counted.
    private static let maxNamed = 8

    /// Judges every member that no field is read from. A member that asks for a different order is refused. Any other member is ignored with a
    /// warning.
    mutating func judgeUnknown() {
        var ignored: [String] = []
        for member in body.object ?? [] where !vocabulary.isKnown(member.name) && !member.value.isNull {
            if judge(member) { continue }
            ignored.append(member.name)
        }
        for name in ignored.prefix(Self.maxNamed) { warn(Self.shown(name), "is not known here and was ignored") }
        let more = ignored.count - Self.maxNamed
        if more > 0 { warn("*", "stands for \(more) more keys that are not known here and were ignored") }
    }

    /// Refuses a member that would change the order; false if it can be ignored.
    private mutating func judge(_ member: JSONMember) -> Bool {
        let name = Self.shown(member.name)
        if OrderVocabulary.fold(member.name) == Array("type".utf8) {
            let isMarket = member.value.string.flatMap(OrderType.init(naming:)) == .market
            if !isMarket { refuse(name, "is not known here: the name is orderType, one of \(OrderType.names)") }
            return true
        }
        let right = vocabulary.meant(by: member.name)
        let isSpelling = right.map { OrderVocabulary.fold($0) == OrderVocabulary.fold(member.name) } ?? false
        if !isSpelling, let reason = OrderVocabulary.objection(to: member.name) {
            // "dryRun": false asks for nothing.
            if member.value.bool == false { return false }
            refuse(name, reason)
            return true
        }
        guard let right else {
            guard let reason = OrderVocabulary.relation(of: member.name) else { return false }
            refuse(name, reason)
            return true
        }
        let hint = right == "clientOrderId" ? " (or send the header Idempotency-Key)" : ""
        refuse(name, "is not known here: the name is \(right)\(hint)")
        return true
    }

    /// A name in a form that may be repeated to the client: short, and of printable ASCII.
    static func shown(_ name: String) -> String {
        guard name.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else { return "a key with other than ASCII letters" }
        return name.utf8.count <= 64 ? name : String(name.prefix(61)) + "..."
    }
}
