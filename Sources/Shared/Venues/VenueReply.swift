internal import HTTP
internal import JSON
internal import Orders

/// A venue's JSON, read leniently: unknown members are passed over, a number may be written `25`, `25.0` or `"25"`. What contradicts the request
/// or has another type is refused with VENUE_UNAVAILABLE and a sentence that says where.
struct VenueReply {
    let dex: String
    let value: JSONValue

    init(_ response: HTTPClientResponse, dex: String) throws(OrderFailure) {
        self.dex = dex
        // Jupiter's errors come with 4xx; other pages with such a status are no JSON as a rule.
        guard let value = try? JSONValue.parse(response.body), value.object != nil else {
            throw Self.unusable(
                dex, (200..<300).contains(response.status) ? "answered with what is no JSON object" : "answered with status \(response.status)")
        }
        self.value = value
    }

    private init(dex: String, value: JSONValue) {
        self.dex = dex
        self.value = value
    }

    /// The failure of an answer that cannot be used; `reason` continues the venue's name.
    static func unusable(_ dex: String, _ reason: String) -> OrderFailure {
        OrderFailure(.venueUnavailable, message: "\(dex) \(reason)")
    }

    func unusable(_ reason: String) -> OrderFailure { Self.unusable(dex, reason) }

    /// A member that is an object.
    func object(_ name: String) throws(OrderFailure) -> VenueReply {
        guard let member = value[name], member.object != nil else { throw wrong(name) }
        return VenueReply(dex: dex, value: member)
    }

    /// A member that is a list of 1 to 16 objects.
    func objects(_ name: String) throws(OrderFailure) -> [VenueReply] {
        guard let list = value[name]?.array, 1...16 ~= list.count, list.allSatisfy({ $0.object != nil }) else { throw wrong(name) }
        return list.map { VenueReply(dex: dex, value: $0) }
    }

    /// A member that is an amount in base units, exact.
    func units(_ name: String) throws(OrderFailure) -> BaseUnits {
        guard let units = try optionalUnits(name) else { throw wrong(name) }
        return units
    }

    /// As ``units(_:)``; nil where the member is missing or null.
    func optionalUnits(_ name: String) throws(OrderFailure) -> BaseUnits? {
        switch value[name] {
        case nil, .null: return nil
        case .string(let text):
            if !text.isEmpty, let units = BaseUnits(units: text) { return units }
        case .number(let text):
            let isFraction = text.contains(".") && text.utf8.allSatisfy { $0 | 0x20 != UInt8(ascii: "e") }
            let whole = isFraction ? String(text.reversed().drop { $0 == "0" }.drop { $0 == "." }.reversed()) : text
            if let units = try? BaseUnits(decimal: whole, decimals: 0) { return units }
        default: break
        }
        throw wrong(name)
    }

    /// A member that is text.
    func text(_ name: String) throws(OrderFailure) -> String {
        guard let text = value[name]?.string else { throw wrong(name) }
        return text
    }

    /// Refuses an answer in which a member differs from what was asked.
    func expect(_ name: String, _ text: String) throws(OrderFailure) {
        guard try self.text(name) == text else { throw unusable("answered for another \(name) than asked") }
    }

    /// As ``expect(_:_:)``, for an amount.
    func expect(_ name: String, _ units: BaseUnits) throws(OrderFailure) {
        guard try self.units(name) == units else { throw unusable("answered for another \(name) than asked") }
    }

    /// As ``expect(_:_:)``, where the member is there.
    func expectIfPresent(_ name: String, _ units: BaseUnits) throws(OrderFailure) {
        guard let given = try optionalUnits(name) else { return }
        guard given == units else { throw unusable("answered for another \(name) than asked") }
    }

    /// A member in per cent as the venue gives it, cut to the 4 decimals of events; 0 where it is missing, negative or written with an exponent.
    func percent(_ name: String) -> String {
        let text = value[name]?.number ?? value[name]?.string ?? ""
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let isPlain = !text.isEmpty && text.utf8.count <= 40 && parts.allSatisfy { $0.utf8.allSatisfy { $0 &- UInt8(ascii: "0") < 10 } }
        guard isPlain, let whole = UInt64(parts[0]) else { return "0.0000" }
        let fraction = (parts.count == 2 ? parts[1] : "").prefix(4)
        return "\(whole)." + fraction + String(repeating: "0", count: 4 - fraction.utf8.count)
    }

    /// A short word of the venue, such as an error code, safe to show; nil for anything else.
    func word(_ name: String) -> String? {
        guard let text = value[name]?.string, 1...64 ~= text.utf8.count else { return nil }
        let isPlain = text.utf8.allSatisfy { byte in
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte & ~0x20)
                || byte == UInt8(ascii: "_")
        }
        return isPlain ? text : nil
    }

    /// The failure of a venue that says why it has no quote.
    func refusal(_ reason: String?, status: Int, noRoute: Set<String>) -> OrderFailure {
        guard let reason else {
            return unusable("refused the request without a reason that can be shown" + (status == 200 ? "" : " (status \(status))"))
        }
        return noRoute.contains(reason)
            ? OrderFailure(.noRoute, message: "\(dex) has no route for this token pair") : unusable("refused the request (\(reason))")
    }

    private func wrong(_ name: String) -> OrderFailure { unusable("answered with \(name) missing or of the wrong type") }
}
